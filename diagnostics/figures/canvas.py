"""A sheet laid out in inches from its top left corner, and the colours that all figures share."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["CATEGORICAL", "DIVERGING", "INK", "MUTED", "SEQUENTIAL", "place", "sheet"]

SEQUENTIAL = "cividis"
DIVERGING = "RdBu_r"
CATEGORICAL = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
)  # Okabe and Ito, yellow left out
INK, MUTED = "#222222", "#6b6b6b"


def sheet(width: float, height: float) -> "Figure":
    """An empty figure of this size in inches, outside pyplot."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=150, facecolor="white")


def place(figure: "Figure", left: float, top: float, width: float, height: float) -> "Axes":
    """Axes of this size, this far from the left and upper edges, all in inches."""
    across, down = figure.get_size_inches()
    return figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))
