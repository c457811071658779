"""How much of their active dimensions two classes share, as a matrix of classes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Array, as_numpy
from .canvas import DIVERGING, INK, SEQUENTIAL, place, sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["sharing_matrix"]


def sharing_matrix(
    matrix: Array,
    classes: Sequence[str],
    title: str,
    *,
    label: str = "Jaccard overlap of active dimensions",
    change: bool = False,
) -> "Figure":
    """A class x class matrix, with its numbers in the cells as long as they can be read (24 classes).

    Args:
        matrix: ``[C, C]``, in ``[0, 1]``, such as ``category_sharing(...).jaccard``; NaN for classes not met is left
            grey. With ``change``, differences in ``[-1, 1]`` about zero.
        classes: C names.
        title: of the figure.
        label: of the colour scale.
        change: whether the matrix is a difference of two, drawn on a diverging scale.

    Raises:
        ValueError: a matrix that is not ``[C, C]``.

    Example:
        >>> figure = sharing_matrix(np.eye(2), ["boot", "bag"], "Shared dimensions")
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['1', '0', '0', '1']
    """
    value, number = as_numpy(matrix), len(classes)
    if value.shape != (number, number):
        raise ValueError(
            f"matrix: expected shape [{number}, {number}], a row and a column for each class; "
            f"got {list(value.shape)}.\n"
            "Try one of:\n"
            "- category_sharing(gate, y, classes=classes).jaccard"
        )
    cell = max(0.42, 2.4 / number) if number <= 24 else max(0.16, 10 / number)  # inches
    left = 0.3 + 0.085 * max(len(name) for name in classes)
    side = cell * number
    width = max(left + side + 1.15, 0.3 + 0.105 * len(title))
    figure = sheet(width, 0.55 + side + left)
    figure.text(0.12 / width, 1 - 0.14 / figure.get_figheight(), title, va="top", size=12, weight="bold", color=INK)
    axes = place(figure, left, 0.5, side, side)
    low = -1.0 if change else 0.0
    image = axes.imshow(value, cmap=DIVERGING if change else SEQUENTIAL, vmin=low, vmax=1, interpolation="none")
    axes.set_facecolor("#dddddd")
    axes.set_xticks(range(number), classes, rotation=90, size=9)
    axes.set_yticks(range(number), classes, size=9)
    axes.tick_params(length=0)
    for edge in axes.spines.values():
        edge.set_visible(False)
    for (row, column), entry in np.ndenumerate(value if number <= 24 else np.empty((0, 0))):
        dark = abs(entry) > 0.6 if change else entry < 0.55
        axes.text(
            column, row, figures_of(entry, change), ha="center", va="center", size=8, color="white" if dark else INK
        )
    scale = place(figure, left + side + 0.18, 0.5, 0.14, side)
    figure.colorbar(image, cax=scale)
    scale.set_ylabel(label, size=9)
    scale.tick_params(labelsize=8, length=2)
    return figure


def figures_of(entry: float, change: bool) -> str:
    """Two decimals without the leading zero, a sign where it is a change, a dash where nothing is known."""
    if np.isnan(entry):
        return "–"
    text = f"{entry:+.2f}" if change else f"{entry:.2f}"
    short = {"0.00": "0", "1.00": "1", "+0.00": "0", "-0.00": "0", "-1.00": "-1", "+1.00": "+1"}
    return short.get(text, text.replace("0.", ".", 1))
