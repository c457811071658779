"""Rules for sums over Normal and over Gumbel noise: the few points at which either is looked at."""

import numpy as np

__all__ = ["gumbel_rule", "normal_rule"]

NORMAL = np.linspace(-5.4, 5.9, 22)  # further up than down, because a tilt by e^l moves the Normal up
BELOW, ABOVE = 12, 10  # nodes of the Gumbel rule on either side of 0
FIRST, RATE = -3.9, 3.0  # where that rule begins, and how fast its remainders are taken to vanish


def normal_rule() -> tuple[list[float], list[float]]:
    r"""Nodes and weights of the trapezoidal rule for the standard Normal.

    Of :math:`\exp(-e^{a \varepsilon - y})` with :math:`a \le 1` it is accurate at every ``y``; the Gauss rule with as
    many nodes is so on average over ``y`` only.

    Returns:
        22 nodes, and their weights, which sum to 1.

    References:
        Trefethen and Weideman, "The exponentially convergent trapezoidal rule" (2014).

    Example:
        >>> node, weight = (torch.tensor(part) for part in normal_rule())
        >>> (weight * node**4).sum().round()
        tensor(3.)
    """
    weight = np.exp(-(NORMAL**2) / 2)
    return NORMAL.tolist(), (weight / weight.sum()).tolist()


def gumbel_rule() -> tuple[list[float], list[list[float]]]:
    r"""Nodes and weights for what the Gumbel law leaves when its exponential tail is taken out.

    With :math:`h` the step at 0, of the distribution function, the density and the density's slope there are left

    .. math::
        e^{-e^{-v}} - h(v) (1 - e^{-v}), \qquad e^{-v - e^{-v}} - h(v) e^{-v}, \qquad
        (e^{-v} - 1) e^{-v - e^{-v}} + h(v) e^{-v}

    all of which vanish like :math:`e^{-2v}` above 0 and doubly exponentially below: a Gauss-Laguerre and a
    Gauss-Legendre rule.

    Returns:
        22 nodes ``v``, and three lists of weights, in that order: each holds its remainder.

    References:
        Abramowitz and Stegun, *Handbook of Mathematical Functions*, 25.4.29 and 25.4.45.

    Example:
        >>> node, weights = gumbel_rule()
        >>> round(abs(sum(weights[1])), 4)  # the density is 1 in all, and so is its tail
        0.0
    """
    low, weight_low = np.polynomial.legendre.leggauss(BELOW)
    high, weight_high = np.polynomial.laguerre.laggauss(ABOVE)
    v = np.concatenate([FIRST * (1 - low) / 2, high / RATE])
    weight = np.concatenate([-FIRST / 2 * weight_low, weight_high * np.exp(high) / RATE])
    rate = np.exp(-v)
    rare, density = -np.expm1(-rate), rate * np.exp(-rate)
    tail = v > 0
    left = (
        np.where(tail, rate - rare, 1 - rare),
        np.where(tail, -rate * rare, density),
        np.where(tail, rate * (rare + density), (rate - 1) * density),
    )
    return v.tolist(), [(weight * part).tolist() for part in left]
