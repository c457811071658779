"""Shapes a network accepts: any leading dimensions before the trailing ones it was built for, and positive sizes."""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["check_sizes", "leading"]


def leading(x: Tensor, shape: Sequence[int]) -> torch.Size:
    """Shape of ``x`` before its trailing ``shape``.

    Args:
        x: ``[..., *shape]``.
        shape: what one row must look like.

    Returns:
        The leading dimensions, possibly none.

    Raises:
        ValueError: if ``x`` does not end in ``shape``.

    References:
        Pyro's enumeration adds dimensions on the left (Pyro tutorial "Tensor shapes").

    Example:
        >>> leading(torch.zeros(10, 32, 1, 28, 28), (1, 28, 28))
        torch.Size([10, 32])
    """
    dims = len(shape)
    if x.dim() < dims or tuple(x.shape[-dims:]) != tuple(shape):
        raise ValueError(
            f"input: this network was built for rows of shape {list(shape)}; "
            f"the tensor given has shape {list(x.shape)}.\n"
            "Try one of:\n"
            f"- x.unflatten(-1, {list(shape)}) if every row is one flat vector\n"
            "- build the network with the shape (or dim) of your data: x.shape[1:]"
        )
    return x.shape[: x.dim() - dims]


def check_sizes(**sizes: int | Sequence[int]) -> None:
    """Refuse sizes that are not positive whole numbers.

    Args:
        sizes: a size or a sequence of sizes under the name of its argument; a sequence may be empty.

    Raises:
        ValueError: naming the argument.

    References:
        None: a guard of the constructors of this room.

    Example:
        >>> check_sizes(dim=8, hidden=(400, 400))
    """
    for name, given in sizes.items():
        for size in [given] if isinstance(given, int) else given:
            if not isinstance(size, int) or isinstance(size, bool) or size < 1:
                raise ValueError(
                    f"{name}: expected positive whole numbers; given {given!r}.\n"
                    "Try one of:\n"
                    f"- leave {name} at its default, or at the shape of your data\n"
                    "- a tuple such as (400, 400) where several layers are meant"
                )
