"""Two images, and the first with a block of the second: what an exchange of characteristics looks like."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..arrays import Array
from .image_grids import show, to_pixels
from .strips import strips

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["swap_grid"]


def swap_grid(
    first: Array,
    second: Array,
    swapped: Mapping[str, Array],
    *,
    title: str = "Swaps: A with a block of B's code",
) -> "Figure":
    """A column for each pair of images A and B, and below them A with a block of B, one row for each block.

    Args:
        first: ``[N, C, H, W]`` or ``[N, H, W]``, the images A as the decoder draws them; pixels in ``[0, 1]``
            (clipped).
        second: the images B.
        swapped: name of what was exchanged, such as "hat", to the images of A after it (``swap``).
        title: of the figure.

    Raises:
        ValueError: images of different shapes, or nothing swapped.

    Example:
        >>> import numpy as np
        >>> figure = swap_grid(np.zeros((3, 1, 8, 8)), np.ones((3, 1, 8, 8)), {"hat": np.ones((3, 1, 8, 8))})
        >>> [axes.get_ylabel() for axes in figure.axes[::3]]
        ['A', 'B', "A with B's hat"]
    """
    rows = {"A": to_pixels("first", first), "B": to_pixels("second", second)}
    rows |= {f"A with B's {name}": to_pixels(f"swapped[{name!r}]", images) for name, images in swapped.items()}
    shapes = {name: list(pixels.shape) for name, pixels in rows.items()}
    if len(rows) == 2 or any(shape != shapes["A"] or len(shape) != 4 for shape in shapes.values()):
        raise ValueError(
            "swapped: expected images of one shape for A, for B and for at least one exchange; got (with channels "
            f"last) {shapes}.\n"
            "Try one of:\n"
            '- swap_grid(decode(z), decode(z)[partner], {"hat": swap(decode, z, hat, partner)})'
        )
    _, high, wide, _ = shapes["A"]
    figure, axes = strips([list(rows)[:2], list(rows)[2:]], shapes["A"][0], high / wide, title)
    for strip, pixels in zip(axes, rows.values(), strict=True):
        for tile, image in zip(strip, pixels, strict=True):
            show(tile, image)
    return figure
