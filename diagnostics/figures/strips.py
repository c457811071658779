"""Rows of small images with a name at the left of each: the layout of figures that compare images column by column."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .canvas import INK, place
from .image_grids import GAP, TILE, headed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["strips"]

TOP, APART = 0.5, 0.1  # inches: of the title, and between groups of rows


def strips(
    groups: Sequence[Sequence[str]], columns: int, aspect: float, title: str, *, right: float = 0.1
) -> "tuple[Figure, list[list[Axes]]]":
    """An empty sheet of named rows of tiles, groups a little apart.

    Args:
        groups: names of the rows of each group, from the top.
        columns: tiles in a row.
        aspect: height over width of a tile.
        title: of the figure.
        right: inches left free at the right.

    Returns:
        the figure, and the axes of each row.

    Example:
        >>> figure, rows = strips([["image"], ["hat", "eyes"]], columns=4, aspect=1.0, title="Faces")
        >>> len(rows), len(rows[0])
        (3, 4)
    """
    high = TILE * aspect
    names = [name for group in groups for name in group]
    left = 0.25 + 0.078 * max(len(name) for name in names)
    width = max(left + columns * (TILE + GAP) + right, 0.3 + 0.105 * len(title))
    figure = headed(width, TOP + len(names) * (high + GAP) + (len(groups) - 1) * APART + 0.08, title)
    rows, y = [], TOP
    for group in groups:
        for name in group:
            axes = [place(figure, left + n * (TILE + GAP), y, TILE, high) for n in range(columns)]
            axes[0].set_ylabel(name, rotation=0, ha="right", va="center", size=8.5, color=INK, labelpad=6)
            rows.append(axes)
            y += high + GAP
        y += APART
    return figure, rows
