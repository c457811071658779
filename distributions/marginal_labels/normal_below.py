"""Draws of a standard Normal variable below a bound, however deep in its lower tail."""

import torch
from torch import Tensor
from torch.special import log_ndtr, ndtri

from .mills import mills_ratio

__all__ = ["normal_below"]

DEEP = -30.0  # a probability below it comes near the smallest float64
STEPS = 2  # of Newton's method there


def normal_below(bound: Tensor) -> Tensor:
    r"""One draw of a standard Normal variable for each element, given that it lies below its bound.

    The distribution function is inverted at :math:`p = U \Phi(z)`, uniform below that of the bound :math:`z`. Where
    :math:`p` is too small to be a number, Newton's method solves :math:`\log \Phi(x) = \log p` from :math:`x = z`:
    there :math:`\log \Phi` is concave and nearly a parabola, so two steps after the first leave only rounding.

    Args:
        bound: any shape, float64, any finite value; carries no gradient.

    Returns:
        The same shape, not above the bound.

    References:
        Robert, "Simulation of truncated normal variables" (1995).

    Example:
        >>> bound = torch.tensor([[5.0], [0.0], [-100.0]], dtype=torch.float64).expand(-1, 100_000)
        >>> (normal_below(bound) - bound).mean(-1).round(decimals=2)
        tensor([-5.0000, -0.8000, -0.0100], dtype=torch.float64)
    """
    smallest = torch.finfo(bound.dtype).tiny
    log_uniform = torch.rand_like(bound).clamp(min=smallest).log()
    body = ndtri((log_ndtr(bound) + log_uniform).exp().clamp(min=smallest))
    start = bound.clamp(max=DEEP)
    log_p = log_ndtr(start) + log_uniform
    tail = start + log_uniform * mills_ratio(-start)
    for _ in range(STEPS):
        tail = tail + (log_p - log_ndtr(tail)) * mills_ratio(-tail)
    return torch.where(bound < DEEP, tail, body).minimum(bound)
