"""A label as a vector, for networks that take it."""

import torch
from torch import Tensor
from torch.nn.functional import one_hot

__all__ = ["label_vector"]


def label_vector(y: Tensor, classes: int | None = None, dtype: torch.dtype | None = None) -> Tensor:
    """Classes ``[...]`` one-hot, or attributes ``[..., L]`` as they are.

    Args:
        y: the label, any number of leading dimensions.
        classes: K, of which the label is one; None for attributes.
        dtype: of the vector; torch's default if omitted.

    Returns:
        ``[..., K]`` or ``[..., L]``.

    Example:
        >>> label_vector(torch.tensor([2.0]), classes=3)
        tensor([[0., 0., 1.]])
    """
    return (y if classes is None else one_hot(y.long(), classes)).to(dtype or torch.get_default_dtype())
