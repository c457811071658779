"""How often guesses are right against how sure they are, one panel for each label."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..calibration import Calibration
from .canvas import CATEGORICAL, INK, MUTED, place
from .image_grids import headed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["reliability"]

SIDE, FLAT, APART = 1.7, 0.42, 0.62  # inches: a panel, the shares below it, panels from each other
LEFT, TOP, FOOT = 0.78, 0.82, 0.62
COLUMNS = 5
LEGEND = """dots: bins of confidence, area by rows
bars: distance from perfect calibration, the diagonal
chance: error of guesses as often right as they claim"""


def reliability(
    panels: Mapping[str, Calibration], *, title: str = "How sure the guesses are, and how right"
) -> "Figure":
    """A reliability diagram for each label, and below each the shares of the rows by confidence.

    The diagonal is perfect calibration. A bar below it: guesses surer than right; above it: righter than sure. The
    area of a dot is in proportion to the rows of its bin, so that what rests on few rows looks small.

    Args:
        panels: name of a label to its ``calibration_error``.
        title: of the figure.

    Raises:
        ValueError: no panel.

    Example:
        >>> from pellucid.diagnostics import calibration_error
        >>> figure = reliability({"hat": calibration_error(torch.tensor([0.9, 0.8, 0.3]), torch.tensor([1, 1, 0]))})
        >>> figure.axes[0].get_title(loc="left"), figure.axes[1].get_xlabel()
        ('hat', 'confidence')
    """
    if not panels:
        raise ValueError(
            'panels: expected at least one label; got none.\nTry one of:\n- {"hat": calibration_error(probability, y)}'
        )
    across = min(COLUMNS, len(panels))
    down = -(-len(panels) // across)
    tall = SIDE + FLAT + 0.1 + 0.75
    foot = 0.25 + 0.064 * max(map(len, LEGEND.split("\n")))
    width = max(LEFT + across * (SIDE + APART) - APART + 0.25, foot, 0.3 + 0.105 * len(title))
    figure = headed(width, TOP + down * tall - 0.3 + FOOT, title)
    # two classes: no guess is less sure than 1/2
    low = 0.5 if all(float(np.nanmin(each.confidence)) >= 0.5 for each in panels.values()) else 0.0
    most = max(float((each.rows / each.rows.sum()).max()) for each in panels.values())
    for k, (name, found) in enumerate(panels.items()):
        x, y = LEFT + (k % across) * (SIDE + APART), TOP + (k // across) * tall
        upper, lower = place(figure, x, y, SIDE, SIDE), place(figure, x, y + SIDE + 0.1, SIDE, FLAT)
        curve(upper, found, low)
        shares(lower, found, low, most)
        upper.set_title(name, loc="left", size=9, weight="bold", color=INK, pad=17)
        upper.annotate(
            f"error {100 * found.error:.1f} %, chance {100 * found.chance:.1f} %", xy=(0, 1), xycoords="axes fraction",
            xytext=(0, 5), textcoords="offset points", size=7.5, color=MUTED,
        )  # fmt: skip
        if k % across == 0:
            upper.set_ylabel("accuracy", size=8.5, color=MUTED)
            lower.set_ylabel("rows", size=8.5, color=MUTED)
    height = figure.get_figheight()
    figure.text(0.12 / width, 0.08 / height, LEGEND, va="bottom", size=7.5, color=MUTED, linespacing=1.4)
    return figure


def curve(axes: "Axes", found: Calibration, low: float) -> None:
    """Accuracy against confidence, from its lowest value on."""
    axes.plot([low, 1], [low, 1], color="#bbbbbb", linewidth=0.8, zorder=1)
    met = found.rows > 0
    sure, right, rows = found.confidence[met], found.accuracy[met], found.rows[met]
    axes.vlines(sure, sure, right, color=CATEGORICAL[1], linewidth=2, alpha=0.55, zorder=2)
    axes.plot(sure, right, color=CATEGORICAL[0], linewidth=0.8, alpha=0.4, zorder=3)
    axes.scatter(sure, right, s=5 + 80 * rows / rows.sum(), color=CATEGORICAL[0], linewidth=0, zorder=4)
    axes.set(ylim=(-0.04, 1.04))
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    quiet(axes, low)
    axes.tick_params(labelbottom=False)


def shares(axes: "Axes", found: Calibration, low: float, most: float) -> None:
    """Share of the rows in each bin, up to the most of any panel."""
    share, edges, met = found.rows / found.rows.sum(), np.linspace(0, 1, len(found.rows) + 1), found.rows > 0
    left, right = edges[:-1].clip(min=low), edges[1:]
    axes.bar(
        left[met], share[met], (right - left)[met], align="edge", color=CATEGORICAL[5], edgecolor="white", linewidth=0.4
    )
    axes.set(ylim=(0, 1.05 * most))
    axes.set_yticks([0, most], ["0", f"{100 * most:.0f} %"])
    axes.set_xlabel("confidence", size=8.5, color=MUTED, labelpad=2)
    quiet(axes, low)


def quiet(axes: "Axes", low: float) -> None:
    """Confidence across; small ticks, and no frame above or at the right."""
    axes.set(xlim=(low - 0.04 * (1 - low), 1 + 0.04 * (1 - low)))
    axes.set_xticks([low, (1 + low) / 2, 1], [f"{tick:g}" for tick in (low, (1 + low) / 2, 1)])
    axes.tick_params(labelsize=7.5, length=2, colors=MUTED, pad=2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set(color="#bbbbbb", linewidth=0.6)
