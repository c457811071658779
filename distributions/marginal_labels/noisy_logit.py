"""The law of a Normal logit with Gumbel noise added: its distribution function, its density and the density's slope."""

import math

import torch
from torch import Tensor

from .gumbel import gumbel_rule, normal_rule
from .mills import mills_ratio

__all__ = ["noisy_logit_law"]

NORMAL, GUMBEL = normal_rule(), gumbel_rule()
NARROW = 1.0  # deviation of a logit up to which the Normal, and above which the Gumbel noise, is summed over
EARLY = -15.0  # before this a narrow law has not begun
NOTHING, DEEP = -60.0, -80.0  # logarithms of the least numbers kept, of a kernel and of a tail: smaller ones are slow
ROOT = math.sqrt(2 * math.pi)


def noisy_logit_law(y: Tensor, scale: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    r"""Law of :math:`l + g` at ``y``, with a Normal :math:`l` of mean 0 and deviation :math:`a` and Gumbel noise.

    .. math:: F(y) = \mathbb{E} \exp(-e^{l - y}), \qquad f(y) = F'(y) = e^{a^2 / 2 - y} F(y - a^2)

    A narrow Normal is summed over. In a wide one, :math:`z = y / a`, the Gumbel law is a step and an exponential tail,
    whose sums are known, and a remainder :math:`D` which is summed over (:func:`gumbel_rule`):

    .. math::
        F(y) = \Phi(z) - e^{a^2/2 - y} \, \Phi(z - a) + \frac{1}{a} \int \varphi\Big(\frac{y - v}{a}\Big) D(v) \, dv

    and likewise :math:`f` and :math:`f'`. Either sum takes 22 exponentials of a form linear in a function of ``y``,
    and all three results are sums of the same exponentials. Hardly a term cancels another, so the tails keep their
    relative precision: 1e-5, and 1e-4 for the density and its slope, wherever a class of
    :func:`log_expected_softmax` may have its weight, and far less for deviations above 3.

    Args:
        y: distances to the logit's mean ``[..., points]``, from 12 deviations before it to any after it.
        scale: deviation of the logit ``[..., 1]``, not negative.

    Returns:
        :math:`\log F`, :math:`\log f` and :math:`f' / f`, each ``[..., points]``.

    References:
        Gumbel, *Statistical Theory of Extreme Values* (1954).

    Example:
        >>> y = torch.tensor([0.0, 50.0])
        >>> log_cdf, log_density, slope = noisy_logit_law(y, torch.tensor([0.0]))
        >>> log_cdf[0], log_density, slope[1]
        (tensor(-1.), tensor([ -1., -50.]), tensor(-1.))
    """
    narrow, wide = scale <= NARROW, scale.clamp(min=NARROW)
    z = y / wide
    x = z - wide
    log_peak = -x.clamp(min=0).square() / 2
    rate = (-y.clamp(min=EARLY)).exp()
    exponents = torch.where(narrow, rate, z / wide), torch.where(narrow, 0, log_peak)
    cdf, density, slope = _sums(*exponents, scale)

    mirror = mills_ratio(x.abs()) / ROOT
    tail = torch.where(x < 0, mirror, 1 - log_peak.clamp(min=NOTHING).exp() * mirror)
    log_tail = torch.where(x < 0, -z.square() / 2, wide.square() / 2 - y)
    step = torch.erfc(-z * math.sqrt(0.5)) / 2

    tiny = torch.finfo(y.dtype).tiny
    cdf = torch.where(narrow, cdf, step + log_tail.clamp(min=DEEP).exp() * (cdf - tail)).clamp(min=tiny)
    slope = torch.where(narrow, rate * slope - density, slope - tail)
    density = torch.where(narrow, density, density + tail).clamp(min=tiny)
    return cdf.log(), density.log() + torch.where(narrow, -y, log_tail), slope / density


def _sums(rate: Tensor, shift: Tensor, scale: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Three sums of ``exp(rate * node + shift)``, node after node: what is kept has no dimension of nodes."""
    (eps, normal), (v, remainders) = ([rate.new_tensor(part) for part in rule] for rule in (NORMAL, GUMBEL))
    narrow, wide = scale <= NARROW, scale.clamp(min=NARROW)
    boost = (scale.clamp(max=NARROW) * eps).exp()
    reach = (-(v / wide).square() / 2).exp() / (ROOT * wide)
    nodes = torch.where(narrow, -boost, v)
    powers = normal, normal * boost, normal * boost.square()
    weights = [torch.where(narrow, own, reach * left) for own, left in zip(powers, remainders, strict=True)]
    cdf, density, slope = (torch.zeros_like(rate) for _ in weights)
    for node, *parts in zip(*(part[..., None].unbind(-2) for part in (nodes, *weights)), strict=True):
        kernel = torch.addcmul(shift, rate, node).clamp(min=NOTHING).exp()
        cdf, density, slope = (
            torch.addcmul(total, kernel, part) for total, part in zip((cdf, density, slope), parts, strict=True)
        )
    return cdf, density, slope
