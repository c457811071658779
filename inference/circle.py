"""Every pair of rows of one class, met once: each class sits in a circle, and every row looks half way round."""

import torch
from torch import Tensor

from .pairs import entropy_and_slope

__all__ = ["circle"]


def circle(gate: Tensor, begin: Tensor, size: Tensor, weight: Tensor, ahead: Tensor) -> tuple[Tensor, Tensor]:
    r"""Weighted sum of the Jensen-Shannon divergences of the rows that meet at some distances, and its slope.

    A row of a class of n rows meets those 1, 2, ... n/2 places on; the row opposite, if n is even, is met from both
    sides and counts half each time. A row hears from those behind it what they found, so nothing is scattered, and the
    slope :math:`\partial\,\mathrm{JSD}(a, b)/\partial a = \tfrac12 (H'(\tfrac{a+b}{2}) - H'(a))` takes the logarithms
    of the value, so nothing is kept for a backward pass.

    Args:
        gate: ``[B, D]`` in ``[EPS, 1 - EPS]``, rows of one class side by side.
        begin: ``[B]``, where each row's class begins.
        size: ``[B]``, how many rows it has.
        weight: ``[B]``, of each pair that a row is in.
        ahead: ``[S]`` distances, of 1 and more.

    Returns:
        0-d, in nats, and its slope ``[B, D]``.

    Example:
        >>> gate, zeros = torch.tensor([[0.999999], [0.000001]]), torch.tensor([0, 0])
        >>> value, _ = circle(gate, zeros, torch.tensor([2, 2]), torch.tensor([1.0, 1.0]), torch.tensor([1]))
        >>> value.exp().round()  # log 2
        tensor(2.)
    """
    ahead, place = ahead[:, None], torch.arange(len(gate), device=gate.device) - begin
    later, earlier = (begin + (place + step) % size for step in (ahead, -ahead))  # [S, B]
    share = weight * ((2 * ahead < size) + 0.5 * (2 * ahead == size))
    together, of_together = entropy_and_slope((gate + gate[later]) / 2)  # [S, B, D]
    alone, of_alone = entropy_and_slope(gate)
    alone = alone.sum(1)
    value = ((together.sum(2) - (alone + alone[later]) / 2) * share).sum()
    found = of_together * share[..., None]
    heard = found.gather(1, earlier[..., None].expand_as(found))
    met = (share + share.gather(1, earlier)).sum(0)
    return value, ((found + heard).sum(0) - met[:, None] * of_alone) / 2
