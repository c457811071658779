r"""Class consistency over all pairs, in static shapes: every class sits in a circle, every row looks half way round.

Row i of a class of n rows meets the rows 1, 2, ... n/2 places on, so that each pair is met once (the row opposite, if n
is even, is met from both sides and counts half each time). The slope of the entropy, :math:`H'(p) = \log\frac{1-p}{p}`,
takes the same two logarithms as its value, so both are found in one pass and nothing is kept for the backward one.
"""

import torch
from torch import Tensor

__all__ = ["consistency", "room_for"]


def room_for(y: Tensor) -> int:
    """Rows of the largest class of labels ``[B]``, rounded up to a multiple of 16; read on the host, once."""
    return -(-int(y.bincount().max()) // 16) * 16


def consistency(gate: Tensor, y: Tensor, labelled: Tensor | None, classes: int, room: int) -> Tensor:
    """Mean Jensen-Shannon divergence of the gates of two rows of one class, summed over dimensions.

    Args:
        gate: ``[B, D]`` in ``[1e-6, 1 - 1e-6]``.
        y: ``[B]`` classes 0 ... C - 1.
        labelled: boolean ``[B]``, or None.
        classes: C.
        room: rows of the largest class, at least; of a larger one pairs would be missed.
    """
    y = y if labelled is None else torch.where(labelled, y, classes)  # a class more, whose pairs do not count
    sizes = (y[:, None] == torch.arange(classes + 1, device=y.device)).sum(0)
    begin, size = (sizes.cumsum(0) - sizes)[y], sizes[y]
    order = y.argsort(stable=True)
    place = order.argsort() - begin
    ahead = torch.arange(1, room // 2 + 1, device=y.device)[:, None]  # [room / 2, 1], against rows [B]
    later, earlier = (order[begin + (place + step) % size] for step in (ahead, -ahead))
    share = ((2 * ahead < size) + 0.5 * (2 * ahead == size)) * (y < classes)

    p = gate.detach()
    together, slope = entropy_and_slope((p + p[later]) / 2)  # [room / 2, B, D]
    alone, own = entropy_and_slope(p)
    slope = slope * share[..., None]
    slope = (slope + slope.gather(1, earlier[..., None].expand_as(slope))).sum(0)
    others = ((size - 1) * (y < classes))[:, None]
    value = (2 * together * share[..., None]).sum() - (alone * others).sum()
    return (value + ((slope - own * others) * (gate - p)).sum()) / others.sum().clamp(min=1)


def entropy_and_slope(p: Tensor) -> tuple[Tensor, Tensor]:
    """Entropy of Bernoulli variables and its derivative, elementwise."""
    off = (1 - p).log()
    slope = off - p.log()
    return p * slope - off, slope
