"""What is left of an image when only the most informative dimensions are kept."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..arrays import Array
from .canvas import INK, MUTED, place
from .image_grids import GAP, TILE, headed, show, to_pixels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["kept_grid"]

APART = 0.16  # inches between the originals and what is kept of them


def kept_grid(
    images: Array,
    ks: Sequence[int],
    original: Array | None = None,
    row_labels: Sequence[str] | None = None,
    *,
    title: str = "Only the most informative dimensions kept",
) -> "Figure":
    """One row for each image or sample, one column for each number of kept dimensions.

    Args:
        images: ``[N, K, C, H, W]``, decoded with ``ks[k]`` dimensions kept and the others at zero (``keep_only``).
        ks: K numbers of dimensions, in the order of the columns.
        original: ``[N, C, H, W]``, shown at the left.
        row_labels: N names, such as classes.
        title: of the figure.

    Raises:
        ValueError: numbers of columns, originals or labels that do not fit the images.

    Example:
        >>> import numpy as np
        >>> figure = kept_grid(np.zeros((2, 3, 1, 8, 8)), [9, 3, 0], np.ones((2, 1, 8, 8)))
        >>> [axes.get_title() for axes in figure.axes[:4]]
        ['image', '9', '3', '0']
    """
    pixels = to_pixels("images", images)
    first = None if original is None else to_pixels("original", original)
    rows = len(pixels)
    sizes = {
        "images": (pixels.shape[:-3], (rows, len(ks))),
        "original": (None if first is None else first.shape, None if first is None else (rows, *pixels.shape[2:])),
        "row_labels": (None if row_labels is None else len(row_labels), None if row_labels is None else rows),
    }
    for name, (size, expected) in sizes.items():
        if size != expected:
            raise ValueError(
                f"{name}: expected {expected} for {rows} rows and {len(ks)} numbers of kept dimensions; got {size}.\n"
                "Try one of:\n"
                "- torch.stack([decode(keep_only(z, influential(information, k))) for k in ks], 1)"
            )
    high = TILE * pixels.shape[2] / pixels.shape[3]
    left = 0.12 if row_labels is None else 0.25 + 0.075 * max(len(label) for label in row_labels)
    start, top = left + (0.0 if first is None else TILE + APART), 0.85
    strip = len(ks) * (TILE + GAP)
    figure = headed(max(start + strip + 0.1, 0.3 + 0.105 * len(title)), top + rows * (high + GAP) + 0.08, title)
    for n in range(rows):
        y = top + n * (high + GAP)
        shown = [] if first is None else [("image", left, first[n])]
        shown += [(str(k), start + i * (TILE + GAP), pixels[n, i]) for i, k in enumerate(ks)]
        for i, (name, x, image) in enumerate(shown):
            axes = place(figure, x, y, TILE, high)
            show(axes, image)
            if n == 0:
                axes.set_title(name, size=8.5, pad=3, color=INK)
            if i == 0 and row_labels is not None:
                axes.set_ylabel(row_labels[n], rotation=0, ha="right", va="center", size=8.5, color=INK, labelpad=6)
    width, height = figure.get_size_inches()
    figure.text(start / width, 1 - 0.45 / height, "dimensions kept", va="top", size=8, color=MUTED)
    return figure
