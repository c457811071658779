"""A logistic variable is a Normal of random deviation: nodes and weights of that deviation's law."""

import numpy as np

__all__ = ["logistic_scales"]

STEP = 0.7  # of the trapezoid
STRETCH = 4.0  # the deviation grows exponentially below it and linearly above
NEGLIGIBLE = -24.0  # log-weight of a node that is left out
TERMS = 8  # of either series


def logistic_scales() -> tuple[list[float], list[float]]:
    r"""Deviations :math:`s_k` and log-weights :math:`\log w_k` with :math:`S(t) \approx \sum_k w_k \Phi(t / s_k)`.

    A logistic variable is Normal with deviation :math:`s = 2 D`, where :math:`D` has Kolmogorov's law. In
    :math:`v`, with :math:`s = c \log(1 + e^{v / c})`, the trapezoidal rule converges faster than any power of its step,
    because the density :math:`f` vanishes to all orders at both ends.

    .. math::
        f(s) = 2 s \sum_{j \ge 1} (-1)^{j-1} j^2 e^{-j^2 s^2 / 2}
             = \frac{2 \sqrt{2 \pi}}{s^2} \sum_{j \ge 1} \Big[ \frac{(2j-1)^2 \pi^2}{s^2} - 1 \Big]
               e^{-(2j-1)^2 \pi^2 / 2 s^2}

    Returns:
        The 22 deviations, from .5 to 7.1, and the logarithms of their weights, which sum to 1 within 1e-10.

    References:
        Andrews and Mallows, "Scale mixtures of Normal distributions" (1974), section 3;
        Monahan and Stefanski, "Normal scale mixture approximations to F*(z)" (1992): the same mixture, fitted.

    Example:
        >>> scale, log_weight = (torch.tensor(part) for part in logistic_scales())
        >>> (log_weight.exp() * torch.special.ndtr(2.0 / scale)).sum(), torch.tensor(2.0).sigmoid()
        (tensor(0.8808), tensor(0.8808))
    """
    v = np.arange(-12, 12) * STEP
    scale = STRETCH * np.logaddexp(0, v / STRETCH)
    log_weight = np.log(STEP) - np.logaddexp(0, -v / STRETCH) + _log_density(scale)
    heavy = log_weight > NEGLIGIBLE
    return scale[heavy].tolist(), log_weight[heavy].tolist()


def _log_density(s: np.ndarray) -> np.ndarray:
    """Logarithm of ``f``, by that series which converges fast, with its first exponential taken out."""
    j = np.arange(1, TERMS + 1)[:, None]
    wide, narrow = np.maximum(s, 2.0), np.minimum(s, 2.0)
    upper = 2 * wide * ((-1.0) ** (j - 1) * j**2 * np.exp(-(j**2 - 1) * wide**2 / 2)).sum(0)
    k = (2 * j - 1) * np.pi / narrow
    lower = 2 * np.sqrt(2 * np.pi) / narrow**2 * ((k**2 - 1) * np.exp(-(k**2 - k[0] ** 2) / 2)).sum(0)
    return np.where(s > 2.0, np.log(upper) - s**2 / 2, np.log(lower) - k[0] ** 2 / 2)
