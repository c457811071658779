"""Pixels of any range in that of the figures and of structural similarity."""

from collections.abc import Callable

from torch import Tensor

__all__ = ["to_unit"]


def to_unit(x: Tensor) -> Callable[[Tensor], Tensor]:
    """The map of pixels to [0, 1]: none for data that are in it, by halves from [-1, 1], else from least to largest.

    What a decoder draws beyond the range of the data is clipped.

    Args:
        x: images of the data.

    Example:
        >>> to_unit(torch.tensor([-0.9, 0.8]))(torch.tensor([-1.0, 0.0, 1.0, 1.2]))
        tensor([0.0000, 0.5000, 1.0000, 1.0000])
    """
    low, high = float(x.min()), float(x.max())
    if low >= -1 and high <= 1:
        low, high = (0.0, 1.0) if low >= 0 else (-1.0, 1.0)
    return lambda images: ((images - low) / max(high - low, 1e-12)).clamp(0, 1)
