"""The expectation of a softmax whose logits are independent Normals: the probabilities of a categorical label."""

import torch
from torch import Tensor

from .noisy_logit import noisy_logit_law

__all__ = ["log_expected_softmax"]

NODES = 56  # of the integral over the largest noisy logit
BEFORE, AFTER = 3.0, 20.0  # where the Gumbel law begins and ends
LEFT, FARTHEST, RIGHT = 6.0, 12.0, 8.0  # deviations from a logit's mean at which the integral begins and ends
UNIT, GUMBEL = 5.0, 1.6  # deviations over which nodes are even, and the variance of the Gumbel law
NOTHING = -60.0  # logarithm of the least number kept: smaller ones are slow


def log_expected_softmax(loc: Tensor, scale: Tensor) -> Tensor:
    r"""Log-probabilities of a categorical label whose logits are independent Normals, in nats.

    .. math:: \log q_k = \log \mathbb{E} \Big[ e^{l_k} \Big/ \sum_j e^{l_j} \Big], \qquad
        l_j \sim \mathcal{N}(m_j, a_j)

    With Gumbel noise on every logit, class :math:`k` is drawn if its noisy logit is the largest. Given its value
    :math:`t` the others are independent, so one integral is left, whatever the number of classes:

    .. math:: q_k = \int f_k(t) \prod_{j \ne k} F_j(t) \, dt, \qquad F_j(t) = F(t - m_j, a_j), \quad f_j = F_j'

    with the law of ``noisy_logit_law``. Its slopes are integrals over the same nodes, because
    :math:`\partial F / \partial a = a \, \partial f / \partial y`. For :math:`j \ne k`, and by the sum over all
    classes for :math:`j = k`,

    .. math::
        \frac{\partial q_k}{\partial m_j} = -\int f_k f_j \prod_{i \ne j, k} F_i \, dt, \qquad
        \frac{\partial q_k}{\partial a_j} = a_j \int f_k f_j' \prod_{i \ne j, k} F_i \, dt

    They are computed with the value and attached to it, so nothing else is kept for the backward pass, and second
    derivatives are 0, not those of the integral. The trapezoid of the outer integral begins where the last factor
    :math:`F_j` becomes positive, and its steps grow with the distance from there, as the scales of the factors do.

    **Error**, largest over two classes with means up to 100 apart, and over ten with deviations up to 30: 2e-6 nats for
    deviations from 0 to 30, 1.1e-5 up to 100; in float32 also that of rounding, 3e-7 of ``1 + |log q|``. Relative error
    of the gradient of the rarer class in ``loc``: 4e-6 up to 30, 1.2e-5 up to 100; error of that in ``scale``: 1e-5 of
    1 and its size. The probabilities are normalised: they sum to 1 within rounding, and so their slopes in every mean
    and deviation to 0.

    Args:
        loc: means of the logits ``[..., classes]``.
        scale: their standard deviations, of a shape that broadcasts with that of ``loc``; may be 0.

    Returns:
        ``[..., classes]``, not positive. About 1200 exponentials an element, and slopes of every probability in all
        means and deviations: three products of matrices a row, of classes, nodes and classes.

    References:
        Gumbel, *Statistical Theory of Extreme Values* (1954); Maddison, Tarlow, Minka, "A* sampling" (2014), section 2;
        Joy et al., arXiv 2006.10102: ``q(y | x)`` as the expectation of the classifier under the encoder.

    Example:
        >>> log_expected_softmax(torch.tensor([0.0, 0.0, 1.0]), torch.tensor([1.0, 10.0, 0.1])).exp()
        tensor([0.1707, 0.4449, 0.3844])
    """
    loc, scale = torch.broadcast_tensors(loc, scale)
    m, a = (loc - loc.amax(-1, keepdim=True)).detach(), scale.detach()
    t, log_step = _nodes(m, a)
    log_cdf, log_density, slope = noisy_logit_law(t - m[..., None], a[..., None])
    log_ratio = log_density - log_cdf
    log_weight = log_step + log_cdf.sum(-2, keepdim=True) + log_ratio
    log_q = log_weight.logsumexp(-1)
    posterior = (log_weight - log_q[..., None]).clamp(min=NOTHING).exp()
    by_loc, by_scale = _slopes(posterior, log_ratio.clamp(min=NOTHING).exp(), slope)
    moved = by_loc @ (loc - loc.detach())[..., None] + by_scale @ (a * (scale - a))[..., None]
    return log_q.log_softmax(-1) + moved[..., 0]


def _nodes(m: Tensor, a: Tensor) -> tuple[Tensor, Tensor]:
    r"""Nodes ``t`` and the logarithms of their steps ``[..., 1, NODES]``.

    Every factor vanishes to the left of its own beginning, so a factor whose mean lies at distance :math:`d` from the
    last beginning has a deviation of at least about :math:`d / 12`: a step may grow in proportion. No :math:`f_k` falls
    faster than :math:`e^{-t}`, which moves a factor's weight by no more than :math:`a^2` to the left.
    """
    below = m - m.amin(-1, keepdim=True)
    reach = (torch.where(a * a <= below, a, below / a) + LEFT).clamp(max=FARTHEST)
    begin, last = (m - a * reach - BEFORE).max(-1, keepdim=True)
    end = (m + RIGHT * a).amax(-1, keepdim=True) + AFTER
    unit = UNIT * (GUMBEL + a.gather(-1, last).square()).sqrt()
    rate = ((end - begin) / unit).log1p()
    growth = (rate * torch.linspace(0, 1, NODES, dtype=m.dtype, device=m.device)).exp()
    t, step = begin + unit * (growth - 1), rate * unit * growth / (NODES - 1)
    return t[..., None, :], step.log()[..., None, :]


def _slopes(posterior: Tensor, ratio: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    """Slopes ``[..., k, j]`` of ``log q_k`` in mean and half the variance of ``j``: each row of the former sums to 0.

    Takes, at every node, the law of the largest logit if it is ``k``'s, ``f / F`` and ``f' / f``.
    """
    same = torch.eye(ratio.shape[-2], dtype=torch.bool, device=ratio.device)
    meeting = (posterior @ -ratio.mT).masked_fill_(same, 0)
    by_loc = meeting.diagonal_scatter(-meeting.sum(-1), dim1=-2, dim2=-1)
    turning = ((posterior * slope) @ ratio.mT).masked_fill_(same, 0).sum(-1)
    by_variance = (posterior @ (ratio * slope).mT).masked_fill_(same, 0)
    return by_loc, by_variance.diagonal_scatter(-turning, dim1=-2, dim2=-1)
