"""What each dimension does to an image, step by step, with a measured quantity beside the pictures."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Array, as_numpy
from .canvas import CATEGORICAL, INK, MUTED, place
from .image_grids import GAP, TILE, headed, show, to_pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["traversal_grid"]


def traversal_grid(
    images: Array,
    row_labels: Sequence[str],
    value_labels: Sequence[str | float],
    measured: Mapping[str, Array] | None = None,
    *,
    title: str = "Traversals: one dimension moves, the others stay",
    value_name: str = "value of the dimension",
) -> "Figure":
    """One row of images for each dimension, one column for each of its values, and a curve for each measured quantity.

    Args:
        images: ``[K, V, C, H, W]`` (``traverse``).
        row_labels: K names of dimensions.
        value_labels: V values; a number is printed with its sign.
        measured: name and unit of a quantity to its values ``[K, V]``, such as ``{"ink (pixels)": ink(images)}``. The
            rows of one quantity share an axis, so that a flat curve means a dimension that does not change it.
        title: of the figure.
        value_name: what the columns are, with its unit.

    Raises:
        ValueError: numbers of labels or measured values that do not fit the images.

    Example:
        >>> images = np.zeros((2, 3, 1, 8, 8))
        >>> figure = traversal_grid(images, ["z0", "z4"], [-1, 0, 1], {"ink (pixels)": images.sum((-3, -2, -1))})
        >>> len(figure.axes)
        8
    """
    pixels = to_pixels("images", images)
    curves = {name: as_numpy(value).astype(float) for name, value in (measured or {}).items()}
    expected = (len(row_labels), len(value_labels))
    shapes = {"images": pixels.shape[:-3], **{f"measured[{name!r}]": value.shape for name, value in curves.items()}}
    for name, shape in shapes.items():
        if shape != expected:
            raise ValueError(
                f"{name}: expected {expected[0]} rows x {expected[1]} values, as the labels say; got {list(shape)}.\n"
                "Try one of:\n"
                "- traverse(decode, z, dimensions, values) from a single code z [D]\n"
                "- one row_label for each dimension, one value_label for each value"
            )
    high = TILE * pixels.shape[2] / pixels.shape[3]
    left, plot = 0.25 + 0.072 * max(len(label) for label in row_labels), 1.15
    strip = expected[1] * (TILE + GAP)
    width = max(left + strip + len(curves) * (plot + 0.62) + 0.15, 0.3 + 0.105 * len(title))
    top = 0.8
    figure = headed(width, top + expected[0] * (high + 0.1) + 0.42, title)
    for k, label in enumerate(row_labels):
        y = top + k * (high + 0.1)
        for v, value in enumerate(value_labels):
            axes = place(figure, left + v * (TILE + GAP), y, TILE, high)
            show(axes, pixels[k, v])
            if k == 0:
                axes.set_title(signed(value), size=8, pad=3, color=INK)
            if v == 0:
                axes.set_ylabel(label, rotation=0, ha="right", va="center", size=8.5, color=INK, labelpad=6)
        for c, (name, value) in enumerate(curves.items()):
            axes = place(figure, left + strip + 0.5 + c * (plot + 0.62), y + 0.03, plot, high - 0.06)
            curve(
                axes,
                value[k],
                (np.nanmin(value), np.nanmax(value)) if np.isfinite(value).any() else (0.0, 1.0),
                CATEGORICAL[c],
            )
            if k == 0:
                axes.set_title(name, size=8, pad=6, color=INK)
            if k == len(row_labels) - 1:
                axes.set_xticks([0, expected[1] - 1], [signed(value_labels[0]), signed(value_labels[-1])], size=7)
    foot = top + expected[0] * (high + 0.1) + 0.02
    figure.text(
        (left + strip / 2) / width,
        1 - foot / figure.get_figheight(),
        value_name,
        ha="center",
        va="top",
        size=8,
        color=MUTED,
    )
    return figure


def signed(value: str | float) -> str:
    """A number with its sign, zero without; words as they are."""
    return value if isinstance(value, str) else f"{value:+.3g}".replace("-", "−") if value else "0"


def curve(axes: "Axes", value: np.ndarray, limits: tuple[float, float], colour: str) -> None:
    """One quantity along one row, on the axis of all rows."""
    axes.plot(value, color=colour, linewidth=1.5, marker="o", markersize=2.5)
    margin = 0.08 * (limits[1] - limits[0]) or 1.0
    axes.set(ylim=(limits[0] - margin, limits[1] + margin), xlim=(-0.4, len(value) - 0.6), xticks=[])
    axes.tick_params(labelsize=7, length=2, colors=MUTED, pad=1.5)
    axes.locator_params(axis="y", nbins=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set(color="#bbbbbb", linewidth=0.6)
