"""Images side by side: samples, and rows beside their reconstructions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array, as_numpy
from .canvas import INK, MUTED, place, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["reconstruction_grid", "sample_grid", "show", "to_pixels"]

TILE, GAP = 0.62, 0.04  # inches


def reconstruction_grid(
    original: Array,
    reconstruction: Array,
    labels: Sequence[str] | None = None,
    *,
    columns: int = 10,
    title: str = "Reconstructions",
) -> "Figure":
    """Images over their reconstructions, in pairs of rows, with the class above each.

    Args:
        original: ``[N, C, H, W]`` or ``[N, H, W]``, one or three channels, pixels in ``[0, 1]`` (clipped).
        reconstruction: of the same shape.
        labels: N names.
        columns: images in a row.
        title: of the figure.

    Raises:
        ValueError: shapes that differ or are no images, another number of labels.

    Example:
        >>> figure = reconstruction_grid(np.zeros((3, 1, 8, 8)), np.ones((3, 1, 8, 8)), ["boot", "bag", "coat"])
        >>> sum(len(axes.get_images()) for axes in figure.axes)
        6
    """
    first, second = to_pixels("original", original), to_pixels("reconstruction", reconstruction)
    number = len(first)
    if first.shape != second.shape or (labels is not None and len(labels) != number):
        raise ValueError(
            f"reconstruction: expected images of the shape of the originals, {list(first.shape)}, and as many labels; "
            f"got {list(second.shape)}{'' if labels is None else f' and {len(labels)} labels'}.\n"
            "Try one of:\n"
            "- reconstruction.reshape(original.shape) when the decoder returns flat pixels"
        )
    across, lines = min(columns, number), -(-number // columns)
    left, high = 0.95, TILE * first.shape[1] / first.shape[2]
    line = 0.2 + 2 * high + GAP + 0.08
    width = left + across * (TILE + GAP) + 0.12
    figure = headed(width, 0.45 + lines * line + 0.05, title)
    for n in range(number):
        x, y = left + (n % columns) * (TILE + GAP), 0.45 + (n // columns) * line + 0.2
        upper, lower = place(figure, x, y, TILE, high), place(figure, x, y + high + GAP, TILE, high)
        show(upper, first[n])
        show(lower, second[n])
        if labels is not None:
            upper.set_title(str(labels[n]), size=7.5, pad=2, color=INK)
        if n % columns == 0:
            for axes, name in ((upper, "image"), (lower, "reconstruction")):
                axes.set_ylabel(name, rotation=0, ha="right", va="center", size=8, color=MUTED, labelpad=5)
    return figure


def sample_grid(images: Array, title: str = "Samples", *, columns: int = 10) -> "Figure":
    """Images in rows.

    Args:
        images: ``[N, C, H, W]`` or ``[N, H, W]``, one or three channels, pixels in ``[0, 1]`` (clipped).
        title: of the figure.
        columns: images in a row.

    Raises:
        ValueError: an array that holds no images.

    Example:
        >>> len(sample_grid(np.zeros((12, 1, 8, 8))).axes)
        12
    """
    pixels = to_pixels("images", images)
    across, lines = min(columns, len(pixels)), -(-len(pixels) // columns)
    high = TILE * pixels.shape[1] / pixels.shape[2]
    width = max(0.12 + across * (TILE + GAP) + 0.08, 0.3 + 0.105 * len(title))
    figure = headed(width, 0.45 + lines * (high + GAP) + 0.08, title)
    for n, image in enumerate(pixels):
        show(
            place(figure, 0.12 + (n % columns) * (TILE + GAP), 0.45 + (n // columns) * (high + GAP), TILE, high), image
        )
    return figure


def headed(width: float, height: float, title: str) -> "Figure":
    """A sheet with its title."""
    figure = sheet(width, height)
    figure.text(0.12 / width, 1 - 0.12 / height, title, va="top", size=12, weight="bold", color=INK)
    return figure


def show(axes: "Axes", image: np.ndarray) -> None:
    """One image ``[H, W, 1 or 3]``: ink dark on white paper, or in its colours; a hairline frame and no ticks."""
    look: dict[str, Any] = {"cmap": "gray_r", "vmin": 0, "vmax": 1} if image.shape[-1] == 1 else {}
    axes.imshow(image[..., 0] if image.shape[-1] == 1 else image, interpolation="none", aspect="auto", **look)
    axes.set(xticks=[], yticks=[])
    for edge in axes.spines.values():
        edge.set(linewidth=0.4, color="#c8c8c8")


def to_pixels(name: str, images: Array) -> np.ndarray:
    """Images ``[..., C, H, W]`` (or ``[N, H, W]``) as ``[..., H, W, C]`` in ``[0, 1]``."""
    pixels = as_numpy(images).astype(float)
    pixels = pixels[:, None] if pixels.ndim == 3 else pixels
    if pixels.ndim < 4 or pixels.shape[-3] not in (1, 3) or pixels.size == 0:
        raise ValueError(
            f"{name}: expected images of shape [..., C, H, W] with one or three channels; "
            f"got {list(np.shape(images))}.\n"
            "Try one of:\n"
            "- images.reshape(-1, 1, 28, 28) for flat rows of pixels\n"
            "- images.transpose(0, 3, 1, 2) when the channels come last"
        )
    return np.moveaxis(pixels, -3, -1).clip(0, 1)
