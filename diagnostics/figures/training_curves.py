"""The bound and the loss factors against the epoch."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Array, as_numpy
from .canvas import CATEGORICAL, INK, MUTED, place
from .image_grids import headed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["training_curves"]


def training_curves(
    history: Mapping[str, tuple[Array, Array]],
    *,
    units: Mapping[str, str] | str = "nats per row",
    title: str = "Training",
) -> "Figure":
    """One panel for each quantity, one line for each of its series.

    Args:
        history: name to ``(epochs, values)``. Names such as ``"bound/train"`` and ``"bound/validation"`` share the
            panel ``bound``; a name without a stroke has a panel of its own. Values that are not finite leave a gap.
        units: of the vertical axes, one for all or by panel.
        title: of the figure.

    Raises:
        ValueError: an empty history, or epochs and values of unequal length.

    Example:
        >>> epochs = np.arange(3)
        >>> bound = {"bound/train": (epochs, epochs - 3.0), "bound/validation": (epochs, epochs - 4.0)}
        >>> figure = training_curves(bound)
        >>> figure.axes[0].get_ylabel(), len(figure.axes[0].get_lines())
        ('nats per row', 2)
    """
    from matplotlib.ticker import MaxNLocator

    panels: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = {}
    for name, (epoch, value) in history.items():
        x, y = as_numpy(epoch), as_numpy(value)
        if x.shape != y.shape or x.ndim != 1:
            raise ValueError(
                f"history[{name!r}]: expected epochs and values of one length; "
                f"got {list(x.shape)} and {list(y.shape)}.\n"
                "Try one of:\n"
                "- (range(len(values)), values) turned into arrays"
            )
        panel, _, line = name.partition("/")
        panels.setdefault(panel, {})[line] = (x, y)
    if not panels:
        raise ValueError("history: expected at least one series; got none.\nTry one of:\n- {'bound': (epochs, values)}")

    across = min(3, len(panels))
    lines = -(-len(panels) // across)
    width, height = 0.15 + across * 3.35, 0.5 + lines * 2.5
    figure = headed(width, height, title)
    for k, (panel, series) in enumerate(panels.items()):
        axes = place(figure, 0.78 + (k % across) * 3.35, 0.75 + (k // across) * 2.5, 2.5, 1.72)
        for (line, (x, y)), colour in zip(series.items(), CATEGORICAL * len(series), strict=False):
            few = np.isfinite(y).sum() < 2
            axes.plot(
                x,
                np.where(np.isfinite(y), y, np.nan),
                color=colour,
                linewidth=1.6,
                label=line or None,
                marker="o" if few else None,
                markersize=4,
            )
        axes.set_title(panel, loc="left", size=10, color=INK, weight="bold")
        axes.set_xlabel("epoch", size=8.5, color=MUTED)
        axes.set_ylabel(units if isinstance(units, str) else units.get(panel, ""), size=8.5, color=MUTED)
        axes.tick_params(labelsize=8, length=2, colors=MUTED)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set(color="#bbbbbb")
        axes.grid(axis="y", color="#ececec", linewidth=0.7)
        axes.set_axisbelow(True)
        if any(series):
            axes.legend(fontsize=8, frameon=False)
    return figure
