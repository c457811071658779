"""A heatmap for codes without roles: dense ones by class, and sparse ones without labels."""

from typing import TYPE_CHECKING

import numpy as np

from ...diagnostics.figures.canvas import DIVERGING, INK, MUTED, SEQUENTIAL, place, sheet
from ...diagnostics.figures.thumbnails import thumbnails
from .reading import Space

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["column_heatmap"]

MOST, CELL, ROW = 40, 0.34, 0.22  # columns at most; inches


def column_heatmap(space: Space, title: str) -> "Figure":
    """Used dimensions as columns, most informative first, with the picture that each draws below.

    Args:
        space: with a dense code, or without roles.
        title: of the figure.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    meaning, kept = space.meaning, space.order[:MOST]
    dense = space.code.gate is None
    colours, low = (DIVERGING, -2.0) if dense else (SEQUENTIAL, 0.0)
    norm = Normalize(low, 2.0 if dense else 1.0)
    rows, columns = len(meaning.rows), max(1, len(kept))
    names = [space.code.name(j) if space.code.parts else str(j) for j in kept]
    longest = max(map(len, names), default=0)
    upright = longest > 4
    under = 0.24 + (0.075 * longest if upright else 0.0)
    left = max(0.95, 0.25 + 0.075 * max(len(name) for name in meaning.rows))
    body, span = ROW * rows, CELL * columns
    scale_height = max(body, 0.9)
    width = left + max(span, 4.6) + 1.15
    figure = sheet(width, 0.75 + max(body + under + 0.06 + CELL, scale_height) + 0.55)
    figure.text(0.12 / width, 1 - 0.14 / figure.get_figheight(), title, va="top", size=13, weight="bold", color=INK)

    table = place(figure, left, 0.75, span, body)
    shown = meaning.mean[:, kept] if kept else np.full((rows, 1), np.nan)
    table.imshow(shown, cmap=colours, norm=norm, aspect="auto", interpolation="none")
    table.set_facecolor("#dddddd")
    table.set_yticks(range(rows), meaning.rows, size=8.5)
    table.set_xticks(range(len(kept)), names, size=8.5, rotation=90 if upright else 0)
    table.hlines(np.arange(rows - 1) + 0.5, -0.5, columns - 0.5, color="white", linewidth=0.6)
    table.vlines(np.arange(columns - 1) + 0.5, -0.5, rows - 0.5, color="white", linewidth=0.4)
    strip = place(figure, left, 0.75 + body + under, span, CELL)
    thumbnails(strip, space.drawn[kept])
    table.tick_params(length=0)
    table.spines[:].set_visible(False)

    scale = place(figure, width - 0.85, 0.75, 0.13, scale_height)
    figure.colorbar(ScalarMappable(norm, colours), cax=scale)
    scale.set_title("class mean\n(s.d.)" if dense else "mean gate", size=8, pad=6)
    scale.tick_params(labelsize=8, length=2)
    rest = int(space.used.sum()) - len(kept)
    text = "columns: used dimensions, the most informative first" + (f"; {rest} more left out" if rest else "")
    what = "class mean of the code, about the mean of all rows, in standard deviations\n" if dense else ""
    drawn = "\nsmall pictures: what the dimension draws (red adds ink, blue removes it), each on its own scale"
    foot = 0.08 / figure.get_figheight()
    figure.text(0.12 / width, foot, what + text + drawn, va="bottom", size=7.5, color=MUTED, linespacing=1.4)
    return figure
