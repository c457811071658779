"""Codes and blocks of their dimensions, checked once."""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["as_block", "as_codes"]


def as_codes(z: Tensor) -> Tensor:
    """Codes ``[N, D]``, detached.

    Raises:
        ValueError: another shape, or no row.

    Example:
        >>> as_codes(torch.zeros(2, 3, requires_grad=True)).requires_grad
        False
    """
    if z.ndim != 2 or z.numel() == 0:
        raise ValueError(
            f"z: expected codes of shape [rows, dimensions], none of them empty; got {list(z.shape)}.\n"
            "Try one of:\n"
            "- z[None] for a single row\n"
            "- z.flatten(0, -2) when rows come in several axes"
        )
    return z.detach()


def as_block(name: str, block: Sequence[int], z: Tensor) -> Tensor:
    """Different dimensions of z as indices ``[B]`` on its device; none is a block too.

    Raises:
        ValueError: a dimension that z does not have, or has twice.

    Example:
        >>> as_block("block", range(1, 3), torch.zeros(2, 4))
        tensor([1, 2])
    """
    chosen = [int(j) for j in block]
    if len(set(chosen)) < len(chosen) or any(not 0 <= j < z.shape[-1] for j in chosen):
        raise ValueError(
            f"{name}: expected different dimensions from 0 to {z.shape[-1] - 1} of codes z of shape {list(z.shape)}; "
            f"got {chosen}.\n"
            "Try one of:\n"
            f"- {name}=[0] for the first dimension\n"
            f"- {name}=range(z.shape[1]) for all of them"
        )
    return torch.tensor(chosen, dtype=torch.long, device=z.device)
