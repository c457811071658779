"""How well each dimension tells each true cause, as a matrix with the matches marked."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..matching import Matching
from .canvas import CATEGORICAL, DIVERGING, INK, MUTED, SEQUENTIAL, place, sheet
from .sharing_matrix import figures_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["matching_matrix"]


def matching_matrix(
    matching: Matching,
    causes: Sequence[str],
    title: str,
    *,
    dimensions: Sequence[int] | None = None,
    label: str = "2 AUC − 1",
    signed: bool = True,
) -> "Figure":
    """A matrix of causes x dimensions, columns ordered by their best cause; each cause's best dimension is framed.

    To the right of each cause stands its held-out score, and below the matrix the mean of these.

    Args:
        matching: from ``active_matching`` or ``factor_matching``; NaN is left grey.
        causes: K names.
        title: of the figure.
        dimensions: D numbers of the columns, when the matching was made on a selection; by default 0 to D - 1.
        label: of the colour scale: what the score is.
        signed: whether scores may be negative, and are drawn on a diverging scale about zero.

    Raises:
        ValueError: another number of causes or dimensions than the matching has.

    Example:
        >>> from pellucid.diagnostics import active_matching
        >>> present = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 2)
        >>> figure = matching_matrix(active_matching(present[:, ::-1], present), ["hat", "eyes"], "Faces")
        >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
        ['1', '0']
    """
    number, width_of = matching.matrix.shape
    names = list(range(width_of)) if dimensions is None else list(dimensions)
    if (len(causes), len(names)) != (number, width_of):
        raise ValueError(
            f"causes, dimensions: expected {number} names and {width_of} numbers, as the matching has; "
            f"got {len(causes)} and {len(names)}.\n"
            "Try one of:\n"
            "- dimensions=np.flatnonzero(used) when the matching was made on activity[:, used]"
        )
    strength = matching.matrix[matching.best_cause, range(width_of)]
    order = np.lexsort((-strength, matching.best_cause))
    value = matching.matrix[:, order]
    row, cell = 0.3, min(0.42, 12 / width_of)  # inches
    left, body, span = 0.3 + 0.085 * max(len(name) for name in causes), row * number, cell * width_of
    width = max(left + span + 1.75, 0.3 + 0.105 * len(title), 3.4)
    figure = sheet(width, 0.62 + body + 0.75)
    figure.text(0.12 / width, 1 - 0.14 / figure.get_figheight(), title, va="top", size=12, weight="bold", color=INK)

    axes = place(figure, left, 0.62, span, body)
    image = axes.imshow(
        value, cmap=DIVERGING if signed else SEQUENTIAL, vmin=-1 if signed else 0, vmax=1, aspect="auto",
        interpolation="none",
    )  # fmt: skip
    axes.set_facecolor("#dddddd")
    axes.set_yticks(range(number), causes, size=9)
    every = max(1, int(np.ceil(0.17 / cell)))
    axes.set_xticks(range(0, width_of, every), [str(names[j]) for j in order[::every]], size=8)
    axes.set_xlabel("dimension", size=8.5, color=MUTED)
    axes.tick_params(length=0)
    for edge in axes.spines.values():
        edge.set_visible(False)
    for (k, j), entry in np.ndenumerate(value if cell > 0.3 else np.empty((0, 0))):
        dark = abs(entry) > 0.6 if signed else entry < 0.55
        axes.text(j, k, figures_of(entry, False), ha="center", va="center", size=7.5, color="white" if dark else INK)
    for k, best in enumerate(matching.best_dimension):
        if best >= 0:
            axes.plot(
                *frame(int(np.flatnonzero(order == best)[0]), k), color=CATEGORICAL[4], linewidth=2, clip_on=False
            )
    for k, score in enumerate(matching.cause_score):
        axes.annotate(
            figures_of(score, False), xy=(1, k), xycoords=("axes fraction", "data"), xytext=(8, 0),
            textcoords="offset points", va="center", size=9, weight="bold", color=INK,
        )  # fmt: skip
    axes.annotate(
        "held out",
        xy=(1, 1),
        xycoords="axes fraction",
        xytext=(5, 4),
        textcoords="offset points",
        size=7.5,
        color=MUTED,
    )
    figure.text(
        0.12 / width, 0.08 / figure.get_figheight(),
        f"score {matching.score:.2f} · purity {matching.purity:.2f} · frame: the best dimension", size=7.5, color=MUTED,
    )  # fmt: skip

    scale = place(figure, left + span + 0.62, 0.62, 0.13, body)
    figure.colorbar(image, cax=scale, ticks=[-1, 0, 1] if signed else [0, 0.5, 1])
    scale.set_ylabel(label, size=9)
    scale.tick_params(labelsize=8, length=2)
    return figure


def frame(column: int, row: int) -> tuple[list[float], list[float]]:
    """The outline of a cell, as a line."""
    return (
        [column - 0.5, column + 0.5, column + 0.5, column - 0.5, column - 0.5],
        [row - 0.5, row - 0.5, row + 0.5, row + 0.5, row - 0.5],
    )
