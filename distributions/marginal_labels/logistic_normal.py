"""The logistic-normal integral: the probability of a binary label whose logit is Normal."""

import math

import torch
from torch import Tensor

from .kolmogorov import logistic_scales
from .mills import mills_ratio

__all__ = ["log_expected_sigmoid"]

DEVIATION, LOG_WEIGHT = logistic_scales()
DIRECT = 4.0  # distance in the lower tail at which the integral is tilted
FAR = 1e4  # deviations beyond which a Normal tail is not followed: it is nothing next to 1, and its square overflows
NEGLIGIBLE = 60.0  # nats below the widest term at which the others are kept: smaller numbers are slow


def log_expected_sigmoid(loc: Tensor, scale: Tensor) -> Tensor:
    r"""Logistic-normal integral, elementwise, in nats: ``log P(y = 1)`` where the logit of ``y`` is Normal.

    .. math:: \log q(m, a) = \log \mathbb{E}_{t \sim \mathcal{N}(m, a)} \, S(t), \qquad S(t) = 1 / (1 + e^{-t})

    ``log P(y = 0)`` is the same function of ``-loc``. A logistic variable is a Normal whose deviation is random
    (``logistic_scales``), and a sum of Normals is Normal, so the integral is a mixture of probits:

    .. math:: q(m, a) = \mathbb{E}_s \, \Phi\Big(\frac{m}{\sqrt{s^2 + a^2}}\Big) \approx
        \sum_k w_k \, \Phi\Big(\frac{m}{\sqrt{s_k^2 + a^2}}\Big)

    All its terms, and all terms of its gradients, have one sign, whatever ``a``: nothing cancels, no pole comes near.
    The relative error is the same everywhere once :math:`m` is brought to where no large :math:`s` matters, by two
    exact identities:

    .. math:: q(m, a) = 1 - q(-m, a) = e^{m + a^2 / 2} \, q(-m - a^2, a)

    the second because :math:`S(t) = e^t S(-t)`, and :math:`e^t` moves a Normal's mean by its variance.

    **Error**, largest over ``scale`` from 0 to 100 and ``loc`` from -100 to 100: 2e-10 nats in float64; in float32 it
    is that of rounding, 2e-7 of ``1 + |log q|``. Relative error of the gradients, saturated or not: 3e-9 and 3e-6.

    The slopes are mixtures of Normal densities over the same terms. They are computed with the value and attached to
    it, so nothing else is kept for the backward pass, and second derivatives are 0, not those of the integral.

    Args:
        loc: mean of the logit; any finite value.
        scale: standard deviation of the logit, of a shape that broadcasts with that of ``loc``; may be 0.

    Returns:
        Not positive, of the broadcast shape. 22 evaluations an element; no branch depends on a value.

    References:
        Crooks, "Logistic approximation to the logistic-normal integral" (2009);
        Monahan and Stefanski, "Normal scale mixture approximations to F*(z)" (1992);
        Joy et al., arXiv 2006.10102: ``q(y | x)`` as the expectation of the classifier under the encoder.

    Example:
        >>> loc, scale = torch.tensor([0.0, 2.0, -100.0]), torch.tensor([30.0, 0.0, 10.0])
        >>> log_expected_sigmoid(loc, scale)
        tensor([ -0.6931,  -0.1269, -50.6931])
        >>> torch.nn.functional.logsigmoid(torch.tensor(2.0))
        tensor(-0.1269)
    """
    loc, scale = torch.broadcast_tensors(loc, scale)
    m, a = loc.detach(), scale.detach()
    log_rare, by_loc, by_scale = _rare(-m.abs(), a)
    log_sure, odds = _complement(log_rare)
    sure = m > 0
    by_loc = torch.where(sure, odds, 1) * by_loc
    by_scale = torch.where(sure, -odds, 1) * by_scale
    return torch.where(sure, log_sure, log_rare) + by_loc * (loc - m) + by_scale * (scale - a)


def _rare(m: Tensor, a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The integral for ``m <= 0`` and its slopes, tilted where ``s`` would otherwise have to be large."""
    variance = a.square()
    tilt = m < -(DIRECT + variance / 2)
    mirrored = torch.where(tilt, -m - variance, m)
    log_q, by_loc, by_scale = _mixture(-mirrored.abs(), a)
    log_not, odds = _complement(log_q)
    above = mirrored > 0
    log_q = torch.where(above, log_not, log_q)
    by_loc = torch.where(above, odds, 1) * by_loc
    by_scale = torch.where(above, -odds, 1) * by_scale
    return (
        torch.where(tilt, m + variance / 2 + log_q, log_q),
        torch.where(tilt, 1 - by_loc, by_loc),
        torch.where(tilt, a - 2 * a * by_loc + by_scale, by_scale),
    )


def _mixture(m: Tensor, a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The mixture of probits for ``m <= 0`` and its slopes, the density of its widest Normal taken out."""
    deviation, log_weight = m.new_tensor(DEVIATION), m.new_tensor(LOG_WEIGHT)
    inverse = (deviation.square() + a[..., None].square()).rsqrt()
    z = (-m[..., None] * inverse).clamp(max=FAR)
    exponent = z.square() / 2
    least = exponent[..., -1]
    density = (log_weight + (least[..., None] - exponent).clamp(min=-NEGLIGIBLE)).exp()
    q = (density * mills_ratio(z)).sum(-1)
    slope = density * inverse
    by_loc, by_scale = slope.sum(-1) / q, a * (slope * inverse * z).sum(-1) / q
    return q.log() - least - math.log(2 * math.pi) / 2, by_loc, by_scale


def _complement(log_p: Tensor) -> tuple[Tensor, Tensor]:
    """``log(1 - p)`` and the odds ``p / (1 - p)``, for ``p`` not much above 1/2."""
    log_not = torch.log1p(-log_p.exp())
    return log_not, (log_p - log_not).exp()
