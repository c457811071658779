"""Density of a slab multiplied by a soft gate: an integral over the gate's noise, on nodes placed where its mass is."""

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

__all__ = ["relaxed_log_density"]

NODES = 8  # Gauss-Legendre nodes a panel


def relaxed_log_density(z: Tensor, gate: Tensor, loc: Tensor, scale: Tensor, sharpness: Tensor) -> Tensor:
    r"""Log-density of :math:`z = g (\mu + \sigma \varepsilon)`, in nats, with :math:`g = S(c(\eta - 1 + \gamma))`.

    .. math::
        p(z) = \int_0^1 \mathcal{N}\big(z; g \mu, g \sigma\big) \, d\eta
             = \int_0^1 \frac{1 + e^s}{\sigma}\, \phi\Big(\frac{z - \mu + z e^s}{\sigma}\Big) dx,
        \qquad s = c (x - \gamma), \ x = 1 - \eta, \ 1 / g = 1 + e^s

    by Gauss-Legendre quadrature on panels of :math:`x`, summed in the log domain. Panel borders come from the shape of
    the integrand (``_borders``) and carry no gradient, so a gradient is the quadrature of the integrand's gradient.

    Args:
        z: where to evaluate; may be exactly 0, where the density is finite; its slope in ``z`` is then returned as 0.
        gate: probability of the slab, in ``[0, 1]``.
        loc: mean of the slab.
        scale: standard deviation of the slab, positive.
        sharpness: slope of the gate, positive.

    Returns:
        Of the broadcast shape of the arguments. About 200 evaluations an element.

    References:
        Tonolini, Jensen, Murray-Smith, "Variational Sparse Coding" (UAI 2019): the relaxed draw. The integral is ours.

    Example:
        >>> one = torch.tensor(1.0)
        >>> relaxed_log_density(one, gate=one, loc=0 * one, scale=one, sharpness=200 * one)
        tensor(-1.4207)
        >>> torch.distributions.Normal(0.0, 1.0).log_prob(one)
        tensor(-1.4189)
    """
    z, gate, loc, scale, sharpness = (p[..., None] for p in torch.broadcast_tensors(z, gate, loc, scale, sharpness))
    z = torch.where(z.abs() < torch.finfo(z.dtype).tiny, z.detach(), z)  # the slope at a subnormal z overflows
    with torch.no_grad():
        x, log_weight = _rule(_borders(z, gate, loc, scale, sharpness))
    s = sharpness * (x - gate)
    zero = z == 0
    log_size = torch.where(zero, 1.0, z).abs().log()
    stretched = z.sign() * torch.where(zero, -math.inf, s + log_size).exp()  # z e^s, where e^s alone may overflow
    residual = (z - loc + stretched) / scale
    log_normal = softplus(s) - 0.5 * residual**2 - scale.log() - 0.5 * math.log(2 * math.pi)
    return torch.logsumexp(log_weight + log_normal, -1)


def _borders(z: Tensor, gate: Tensor, loc: Tensor, scale: Tensor, sharpness: Tensor) -> Tensor:
    r"""Panel borders in ``[0, 1]``, sorted, ``[..., panels + 1]``, for arguments ``[..., 1]``.

    With :math:`v = |z| e^s / \sigma` and :math:`r = \mathrm{sign}(z) (\mu - z) / \sigma` the integrand is
    :math:`(1 + e^s) \exp(-(v - r)^2 / 2)`: flat below :math:`s = 0`, then growing as :math:`e^s`, until at
    :math:`v \approx 1 / (1 + |r|)` the exponential takes over; then a bump of width 1 about :math:`v = r` if the
    interval reaches it, or an exponential edge at that end of the interval which is nearer to it. All this is
    placed by its distance in ``s`` from the lower end, or a steep edge there would be lost to rounding.
    """

    def spread(*offsets: float) -> Tensor:
        return z.new_tensor(offsets)

    log_low = (z.abs() / scale).log() - sharpness * gate
    r = z.sign() * (loc - z) / scale
    edge_low, edge_high = (1 / (1 + (r - v).abs() * v) for v in (log_low.exp(), (log_low + sharpness).exp()))
    marks = [
        edge_low * spread(0, 3, 9),
        sharpness - edge_high * spread(0, 3, 9, 27),
        sharpness * gate + spread(-12, -4, 4),
        -(1 + r.abs()).log() - log_low + spread(-30, -15, -6, -2, 0, math.log(3), math.log(9), math.log(27)),
        (r + spread(-10, -6, -3, 0, 3, 6, 10)).clamp(min=torch.finfo(z.dtype).tiny).log() - log_low,
    ]
    last = torch.maximum((r.clamp(min=0) + 12).log() - log_low, 40 * edge_low)
    inside = torch.minimum(torch.cat(marks, -1), torch.minimum(last, sharpness)).clamp(min=0)
    return (inside / sharpness).sort(-1).values


def _rule(borders: Tensor) -> tuple[Tensor, Tensor]:
    """Gauss-Legendre nodes and log-weights ``[..., panels * NODES]`` of all panels; an empty panel weighs nothing."""
    node, weight = (borders.new_tensor(part) for part in _gauss_legendre())
    start, width = borders[..., :-1, None], borders.diff(dim=-1)[..., None]
    return (start + width * node).flatten(-2), (width * weight).log().flatten(-2)


@cache
def _gauss_legendre() -> tuple[list[float], list[float]]:
    """Nodes and weights on ``[0, 1]``."""
    node, weight = np.polynomial.legendre.leggauss(NODES)
    return ((node + 1) / 2).tolist(), (weight / 2).tolist()
