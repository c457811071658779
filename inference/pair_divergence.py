"""The Jensen-Shannon divergence of pairs of rows, value and slope by one operator: the same code in every graph."""

from typing import Any, cast

import torch
from torch import Tensor

from ..distributions import EPS
from .circle import circle
from .class_means import classes_of, side_by_side
from .embedding import spread_in_blocks
from .pairs import all_pairs, divergence_in_blocks, pair_weight

__all__ = ["drawn_divergence", "pair_divergence"]

FEW = 100  # pairs a row, up to which the pairs themselves cost less than the features of their rows
SMALL = 2**23  # numbers of all pairs of a batch, up to which they are part of a traced graph


def pair_divergence(gate: Tensor, labels: Tensor, known: Tensor, average: str) -> Tensor:
    r"""Mean Jensen-Shannon divergence over the pairs of rows of one class, in nats.

    .. math:: \sum_{j < k,\, y_j = y_k} w_j \sum_i \mathrm{JSD}(\gamma_{ji}, \gamma_{ki})

    One operator, ``pellucid::pair_divergence``, which looks at how many pairs there are and takes the cheaper way; a
    graph that is exported or compiled calls it by name. In the graph of a small batch the pairs themselves take its
    place, for a compiler to join with their neighbours. First derivatives only: the operator refuses second ones, as
    compiled graphs do; in a graph that is exported and not compiled they would lack the curvature of this term.

    Args:
        gate: ``[B, D]``, clamped to ``[EPS, 1 - EPS]``; beyond the clamp the slope is 0.
        labels: ``[B]`` classes.
        known: boolean ``[B]``; rows outside it form no pairs.
        average: how pairs count, :math:`w`: :func:`~pellucid.inference.pairs.pair_weight`.

    Returns:
        0-d, differentiable once in ``gate``.

    Raises:
        RuntimeError: in a backward pass that builds a graph (``create_graph=True``): a second derivative would be
            wrong in silence.

    Example:
        >>> gate = torch.tensor([[1.0], [0.0], [0.3]])
        >>> pair_divergence(gate, torch.tensor([7, 7, 3]), torch.tensor([True, True, True]), "pairs").exp().round()
        tensor(2.)
    """
    if torch.compiler.is_compiling() and gate.numel() * len(gate) <= 2 * SMALL:
        return in_graph(gate, labels, known, average)
    return of_classes(gate, labels, known, average)[0]


def in_graph(gate: Tensor, labels: Tensor, known: Tensor, average: str) -> Tensor:
    """The same as operations of a graph: the rows of the largest class are a number that each batch brings."""
    order, begin, size = side_by_side(labels, known)
    room = cast(int, size.max().item())
    torch._check(room >= 1)
    torch._check(room <= len(gate))
    inside = gate.clamp(EPS, 1 - EPS)[order]
    held = inside.detach()
    ahead = torch.arange(1, room // 2 + 1, device=gate.device)
    value, slope = circle(held, begin, size, pair_weight(size, average, gate.dtype), ahead)
    return value + (slope * (inside - held)).sum()


def drawn_divergence(gate: Tensor, first: Tensor, second: Tensor, weight: Tensor) -> Tensor:
    """Weighted sum of the Jensen-Shannon divergences of given pairs, in nats: ``pellucid::drawn_divergence``.

    Args:
        gate: as :func:`pair_divergence` has it.
        first: ``[P]``, one row of every pair.
        second: ``[P]``, the other.
        weight: ``[P]``.

    Returns:
        0-d, differentiable once in ``gate``.

    Raises:
        RuntimeError: as :func:`pair_divergence`.

    Example:
        >>> gate, pair = torch.tensor([[1.0], [0.0]]), (torch.tensor([0]), torch.tensor([1]))
        >>> drawn_divergence(gate, *pair, torch.tensor([1.0])).exp().round()
        tensor(2.)
    """
    return of_drawn(gate, first, second, weight)[0]


# How many pairs there are is read from the device, which no CUDA graph can replay.
@torch.library.custom_op("pellucid::pair_divergence", mutates_args=(), tags=(torch.Tag.cudagraph_unsafe,))
def of_classes(gate: Tensor, labels: Tensor, known: Tensor, average: str) -> tuple[Tensor, Tensor]:
    """Value, 0-d, and slope ``[B, D]``, by whichever way is the cheaper."""
    first, size = classes_of(labels, known)
    weight = pair_weight(size, average, gate.dtype)
    inside, pairs = clamped(gate), int((size - 1).sum()) // 2
    if pairs > FEW * len(size):
        value, slope = spread_in_blocks(inside, first, size, weight * size)
    else:
        one, other = all_pairs(first, size, pairs)
        value, slope = divergence_in_blocks(inside, one, other, weight[one])
    return value, slope.masked_fill_(inside != gate, 0)


@torch.library.custom_op("pellucid::drawn_divergence", mutates_args=())
def of_drawn(gate: Tensor, first: Tensor, second: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Value, 0-d, and slope ``[B, D]``."""
    inside = clamped(gate)
    value, slope = divergence_in_blocks(inside, first, second, weight)
    return value, slope.masked_fill_(inside != gate, 0)


def clamped(gate: Tensor) -> Tensor:
    """The gate where the slope is finite."""
    return gate.clamp(EPS, 1 - EPS).contiguous()


def shapes(gate: Tensor, *_: Any) -> tuple[Tensor, Tensor]:
    """Value and slope of tensors without numbers."""
    return gate.new_empty(()), torch.empty_like(gate, memory_format=torch.contiguous_format)


def keep_slope(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    """The slope is all that waits for the backward pass."""
    ctx.mark_non_differentiable(output[1])
    ctx.save_for_backward(output[1])


def scale_slope(ctx: Any, of_value: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    """The slope, scaled."""
    if torch.is_grad_enabled():
        raise RuntimeError(
            "class_consistency: expected a backward pass for first derivatives; this one builds a graph for second "
            "ones.\n"
            "Try one of:\n- create_graph=False\n- divergence='squared', which has derivatives of any order"
        )
    (slope,) = ctx.saved_tensors
    return slope * of_value, None, None, None


for operator in (of_classes, of_drawn):
    operator.register_fake(shapes)
    operator.register_autograd(scale_slope, setup_context=keep_slope)
    for device in ("cpu", "cuda"):  # half precision knows nothing between 1 - EPS and 1
        operator.register_autocast(device, torch.float32)
