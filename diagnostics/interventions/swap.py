"""Images of rows that have a block of their code from another row."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from ..arrays import Array, as_numpy
from .blocks import as_block, as_codes

__all__ = ["swap"]


def swap(decode: Callable[[Tensor], Tensor], z: Tensor, block: Sequence[int], partner: Array) -> np.ndarray:
    r"""Decode codes in which one block of dimensions comes from another row and the rest stays.

    .. math:: \tilde z_{nj} = \begin{cases} z_{\pi(n) j} & j \in \text{block} \\ z_{nj} & \text{otherwise} \end{cases}

    With the block of one label, the image of row n has that characteristic of its partner. With the blocks of all
    labels it has all of them, and keeps its own style.

    Args:
        decode: from codes ``[N, D]`` to images ``[N, ...]``, such as the mean of the likelihood. Called once, without
            gradients.
        z: ``[N, D]``.
        block: dimensions; none of them gives the images of z as they are, all of them those of the partners.
        partner: ``[N]``, for each row the row :math:`\pi(n)` that it takes the block from, such as a permutation.

    Returns:
        ``[N, ...]`` images.

    Raises:
        ValueError: z not ``[N, D]``, a dimension or a partner that it does not have.

    References:
        Joy, Schmon, Torr, Siddharth, Rainforth, "Capturing Label Characteristics in VAEs" (ICLR 2021): characteristic
        swaps.

    Example:
        >>> z = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> swap(lambda z: z[:, None], z, block=[1], partner=torch.tensor([1, 0]))[:, 0]
        array([[1., 4.],
               [3., 2.]], dtype=float32)
    """
    code = as_codes(z)
    dimensions, other = as_block("block", block, code), as_numpy(partner)
    rows = len(code)
    if (
        other.shape != (rows,)
        or not np.issubdtype(other.dtype, np.integer)
        or not ((other >= 0) & (other < rows)).all()
    ):
        raise ValueError(
            f"partner: expected a row from 0 to {rows - 1} for each of the {rows} rows of z, shape [{rows}]; "
            f"got shape {list(other.shape)} of {other.dtype}.\n"
            "Try one of:\n"
            "- partner=torch.randperm(len(z))\n"
            "- partner=torch.arange(len(z)).roll(1)"
        )
    moved = code.clone()
    moved[:, dimensions] = code[torch.as_tensor(other, device=z.device)][:, dimensions]
    with torch.no_grad():
        return as_numpy(decode(moved))
