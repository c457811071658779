"""Two labels at once: what the image is at each value of the one and each of the other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..arrays import Array
from .canvas import INK, MUTED, place
from .image_grids import GAP, TILE, headed, show, to_pixels
from .traversal_grid import signed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["two_label_grid"]

TOP = 0.95  # inches: the title, the name across and its values


def two_label_grid(
    images: Array,
    down: Sequence[str | float],
    across: Sequence[str | float],
    names: tuple[str, str],
    *,
    title: str = "Two labels at once",
) -> "Figure":
    """A row of images for each value of the first label, a column for each of the second.

    Args:
        images: ``[V, W, C, H, W]`` (``traverse_grid``), pixels in ``[0, 1]`` (clipped).
        down: V values of the first label; a number is printed with its sign.
        across: W values of the second.
        names: of the two labels.
        title: of the figure.

    Raises:
        ValueError: numbers of values that do not fit the images.

    Example:
        >>> import numpy as np
        >>> figure = two_label_grid(np.zeros((2, 3, 1, 8, 8)), [-1, 1], ["none", "half", "full"], ("hat", "smile"))
        >>> len(figure.axes), figure.axes[2].get_title(), figure.axes[3].get_ylabel()
        (6, 'full', '+1')
    """
    pixels = to_pixels("images", images)
    if pixels.shape[:-3] != (len(down), len(across)) or len(names) != 2:
        raise ValueError(
            f"images: expected {len(down)} rows x {len(across)} columns of images, as the values say, and two names; "
            f"got {list(pixels.shape[:-3])} and {len(names)} names.\n"
            "Try one of:\n"
            "- traverse_grid(decode, z, blocks, down, across) from a single code z [D]"
        )
    high = TILE * pixels.shape[2] / pixels.shape[3]
    labels = [signed(value) for value in down]
    left = 0.5 + 0.07 * max(len(label) for label in labels)
    strip, tall = len(across) * (TILE + GAP) - GAP, len(down) * (high + GAP) - GAP
    figure = headed(max(left + strip + 0.15, 0.3 + 0.105 * len(title)), TOP + tall + 0.12, title)
    for v, label in enumerate(labels):
        for w, value in enumerate(across):
            axes = place(figure, left + w * (TILE + GAP), TOP + v * (high + GAP), TILE, high)
            show(axes, pixels[v, w])
            if v == 0:
                axes.set_title(signed(value), size=8, pad=3, color=MUTED)
            if w == 0:
                axes.set_ylabel(label, rotation=0, ha="right", va="center", size=8, color=MUTED, labelpad=4)
    width, height = figure.get_size_inches()
    figure.text(
        (left + strip / 2) / width, 1 - 0.52 / height, f"{names[1]} →", ha="center", va="top", size=9, color=INK
    )
    middle = 1 - (TOP + tall / 2) / height
    figure.text(0.16 / width, middle, f"← {names[0]}", ha="center", va="center", rotation=90, size=9, color=INK)
    return figure
