"""Images along two blocks at once: every value of the one with every value of the other."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from ..arrays import Array, as_numpy
from .blocks import as_block, as_codes

__all__ = ["traverse_grid"]

Block = int | Sequence[int]


def traverse_grid(
    decode: Callable[[Tensor], Tensor],
    z: Tensor,
    blocks: tuple[Block, Block],
    down: Sequence[float] | Array,
    across: Sequence[float] | Array,
) -> np.ndarray:
    """Decode codes in which two blocks take given values, each of the one with each of the other.

    With the blocks of two labels and values from one conditional prior to the other, the corners are the four
    combinations of the labels, whether or not the data have them.

    Args:
        decode: from codes ``[M, D]`` to images ``[M, ...]``, such as the mean of the likelihood. Called once, without
            gradients.
        z: ``[D]`` or ``[R, D]``, where to start from.
        blocks: two blocks without a dimension in common, each one dimension or several.
        down: ``[V]`` for a block of one dimension, ``[V, B]`` for one of B: the values of the first block.
        across: ``[W]`` or ``[W, B]``, those of the second.

    Returns:
        ``[V, W, ...]`` images, or ``[R, V, W, ...]`` from several codes.

    Raises:
        ValueError: z of another rank, blocks that it does not have or that overlap, values of another shape.

    References:
        Joy, Schmon, Torr, Siddharth, Rainforth, "Capturing Label Characteristics in VAEs" (ICLR 2021): two labels
        varied together.

    Example:
        >>> images = traverse_grid(lambda z: z[:, None], torch.zeros(3), (0, 2), [-1.0, 1.0], [5.0, 6.0, 7.0])
        >>> images.shape, images[1, 2, 0]
        ((2, 3, 1, 3), array([1., 0., 7.], dtype=float32))
    """
    start = as_codes(z[None] if z.ndim == 1 else z)
    first, second = (
        as_block(f"blocks[{i}]", [block] if isinstance(block, int) else block, start) for i, block in enumerate(blocks)
    )
    if torch.isin(first, second).any():
        raise ValueError(
            f"blocks: expected two blocks without a dimension in common; got {first.tolist()} and {second.tolist()}.\n"
            "Try one of:\n"
            "- traverse(decode, z, dimensions, values) for one dimension at a time"
        )
    rows, columns = levels("down", down, first, start), levels("across", across, second, start)
    code = start[:, None, None].repeat(1, len(rows), len(columns), 1)  # [R, V, W, D]
    code[..., first] = rows[:, None]
    code[..., second] = columns
    with torch.no_grad():
        images = as_numpy(decode(code.flatten(0, 2)))
    images = images.reshape(len(start), len(rows), len(columns), *images.shape[1:])
    return images[0] if z.ndim == 1 else images


def levels(name: str, values: Sequence[float] | Array, block: Tensor, z: Tensor) -> Tensor:
    """Values ``[V, B]`` of a block, from ``[V]`` for one dimension.

    Raises:
        ValueError: another shape.

    Example:
        >>> levels("down", [1.0, 2.0], torch.tensor([3]), torch.zeros(1, 4)).shape
        torch.Size([2, 1])
    """
    given = torch.as_tensor(values, dtype=z.dtype, device=z.device)
    given = given[:, None] if given.ndim == 1 and len(block) == 1 else given
    if given.ndim != 2 or len(given) == 0 or given.shape[1] != len(block):
        raise ValueError(
            f"{name}: expected values of shape [V, {len(block)}] for a block of {len(block)} dimensions, or [V] for "
            f"one; got {list(given.shape)}.\n"
            "Try one of:\n"
            f"- {name}=torch.linspace(-3, 3, 7) for one dimension\n"
            f"- {name}=torch.lerp(loc_false, loc_true, t[:, None]) with t of shape [V, 1] for several"
        )
    return given
