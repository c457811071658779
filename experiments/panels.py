"""Panels of curves: a sheet of them, a line with its interval over seeds, and one legend for all."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..diagnostics.figures.canvas import INK, MUTED, place, sheet
from .interval import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["curve", "keyed", "panel_grid"]

ACROSS, DOWN = 3.5, 2.75  # inches from one panel to the next


def panel_grid(lines: Sequence[str], columns: Sequence[str], title: str) -> tuple["Figure", list[list["Axes"]]]:
    """A sheet of panels, one line of them for each data set."""
    width, height = 0.4 + ACROSS * len(columns), 1.15 + DOWN * len(lines)
    figure = sheet(width, height)
    figure.text(0.18 / width, 1 - 0.2 / height, title, va="top", size=12.5, color=INK, weight="bold")
    rows = []
    for i, line in enumerate(lines):
        row = []
        for k, column in enumerate(columns):
            axes = place(figure, 0.75 + k * ACROSS, 0.85 + i * DOWN, 2.6, 1.95)
            axes.set_title(f"{line}: {column}" if k == 0 else column, loc="left", size=9.5, color=INK, weight="bold")
            axes.tick_params(labelsize=8, length=2, colors=MUTED)
            axes.spines[["top", "right"]].set_visible(False)
            axes.spines[["left", "bottom"]].set(color="#bbbbbb")
            axes.grid(color="#ececec", linewidth=0.7)
            axes.set_axisbelow(True)
            row.append(axes)
        rows.append(row)
    return figure, rows


def keyed(figure: "Figure", columns: int = 4) -> None:
    """The legend at the foot, each entry once."""
    handles = {}
    for each in figure.axes:
        for handle, label in zip(*each.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.legend(
        handles.values(), handles.keys(), loc="lower center", ncols=columns, fontsize=8, frameon=False, labelcolor=INK
    )


def curve(axes: "Axes", x: np.ndarray, found: Sequence[Interval], colour: str, name: str, style: str = "-") -> None:
    """Means joined by a line, the intervals as a band."""
    mean, half = np.array([each.mean for each in found]), np.array([each.half for each in found])
    axes.plot(x, mean, color=colour, linewidth=1.6, marker="o", markersize=3.5, label=name or None, linestyle=style)
    if np.isfinite(half).any():
        axes.fill_between(x, mean - half, mean + half, color=colour, alpha=0.15, linewidth=0)
