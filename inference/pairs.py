"""Pairs of rows of one class: all of them or some at random, and their divergence without a tensor of pairs."""

import torch
from torch import Tensor

__all__ = ["all_pairs", "divergence_in_blocks", "pair_weight", "random_pairs"]

BLOCK = 2**16  # numbers of a block of pairs: it stays in the processor's cache


def pair_weight(size: Tensor, average: str, dtype: torch.dtype) -> Tensor:
    """The weight of each pair that a row is in, so that the weights of all pairs sum to 1; 0 where it is in none.

    Args:
        size: ``[B]``, the size of every row's class.
        average: ``"pairs"``, or ``"classes"`` for the mean over pairs within each class, then over the classes that
            have one.
        dtype: of the weights.

    Returns:
        ``[B]``.

    Example:
        >>> pair_weight(torch.tensor([3, 3, 3, 2, 2, 1]), "pairs", torch.float32)  # four pairs
        tensor([0.2500, 0.2500, 0.2500, 0.2500, 0.2500, 0.0000])
        >>> pair_weight(torch.tensor([3, 3, 3, 2, 2, 1]), "classes", torch.float32)
        tensor([0.1667, 0.1667, 0.1667, 0.5000, 0.5000, 0.0000])
    """
    share = (size > 1).to(dtype)
    if average == "classes":
        share = share / (size * (size - 1)).clamp(min=1)
    return 2 * share / (share * (size - 1)).sum().clamp(min=torch.finfo(dtype).tiny)


def all_pairs(first: Tensor, size: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Both rows of every pair of one class, ``[P]`` each, the earlier row first.

    Args:
        first: ``[B]``, the class of every row.
        size: ``[B]``, its size.
        count: P, how many there are.

    Example:
        >>> all_pairs(torch.tensor([0, 1, 0, 0]), torch.tensor([3, 1, 3, 3]), 3)
        (tensor([0, 0, 2]), tensor([2, 3, 3]))
    """
    in_class, order = first.sort(stable=True)  # rows of one class side by side
    place = torch.arange(len(first), device=first.device)
    later = torch.searchsorted(in_class, in_class) + size[order] - 1 - place  # rows of one's class still to come
    one = place.repeat_interleave(later, output_size=count)
    # Pairs are numbered on through the rows: a row's last pair has its last partner.
    other = torch.arange(count, device=first.device) + (place + 1 - later.cumsum(0) + later)[one]
    return order[one], order[other]


def random_pairs(count: int, first: Tensor, size: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Pairs of one class drawn with replacement from torch's generator, each with probability ``weight``.

    A row is drawn by its share of pairs, then another of its class. Time O(B log B + count), static shapes.

    Args:
        count: how many.
        first: ``[B]``, the class of every row.
        size: ``[B]``, its size.
        weight: ``[B]``, that of the pairs a row is in: :func:`pair_weight`. All 0, and the rows drawn mean nothing.

    Returns:
        Both rows, ``[count]`` each.

    Example:
        >>> size = torch.tensor([2, 1, 2])
        >>> j, k = random_pairs(5, torch.tensor([0, 1, 0]), size, pair_weight(size, "pairs", torch.float32))
        >>> (j + k).tolist()
        [2, 2, 2, 2, 2]
    """
    share = weight * (size - 1)
    one = torch.multinomial(torch.where(share.any(), share, 1.0), count, replacement=True)
    in_class, order = first.sort(stable=True)  # rows of one class side by side
    place = order.argsort()
    begin = torch.searchsorted(in_class, first)
    step = 1 + (torch.rand(count, device=first.device) * (size[one] - 1)).long()
    return one, order[begin[one] + (place[one] - begin[one] + step) % size[one]]


def divergence_in_blocks(gate: Tensor, first: Tensor, second: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    r"""Weighted sum of the Jensen-Shannon divergences of pairs and its slope, holding no more pairs than a block.

    The slope :math:`\partial\,\mathrm{JSD}(a, b)/\partial a = \tfrac12 (H'(\tfrac{a+b}{2}) - H'(a))`,
    :math:`H'(p) = \log\frac{1-p}{p}`, takes the logarithms of the value, so both are found at once.

    Args:
        gate: ``[B, D]`` in ``[EPS, 1 - EPS]``.
        first: ``[P]``, one row of every pair.
        second: ``[P]``, the other.
        weight: ``[P]``.

    Returns:
        0-d, in nats, and its slope ``[B, D]``.

    Example:
        >>> gate, pair = torch.tensor([[0.999999], [0.000001]]), (torch.tensor([0]), torch.tensor([1]))
        >>> divergence_in_blocks(gate, *pair, torch.tensor([1.0]))[0].exp().round()
        tensor(2.)
    """
    alone, of_alone = entropy_and_slope(gate)
    degree = gate.new_zeros(len(gate)).index_add_(0, first, weight).index_add_(0, second, weight)
    value, slope, alone = gate.new_zeros(()), of_alone.mul_(-degree[:, None] / 2), alone.sum(1)
    pairs = max(1, BLOCK // max(1, gate.shape[1]))
    for j, k, w in zip(first.split(pairs), second.split(pairs), weight.split(pairs), strict=True):
        middle = gate.index_select(0, j).add_(gate.index_select(0, k)).div_(2)
        together, of_together = entropy_and_slope(middle)
        apart = together.sum(1) - (alone.index_select(0, j) + alone.index_select(0, k)) / 2  # pair by pair: exact
        value += (apart * w).sum()
        half = of_together.mul_(w[:, None] / 2)
        slope.index_add_(0, j, half).index_add_(0, k, half)
    return value, slope


def entropy_and_slope(p: Tensor) -> tuple[Tensor, Tensor]:
    """Entropy and its slope, elementwise, by the same two logarithms."""
    off = (1 - p).log_()  # log1p, more exact by 3e-8, costs six times as much
    slope = off - p.log()
    return (p * slope).sub_(off), slope
