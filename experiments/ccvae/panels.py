"""Figures of this experiment alone: accuracy against labels, what each block changes, and every A in B's style."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...diagnostics.arrays import Array, as_numpy
from ...diagnostics.figures.canvas import CATEGORICAL, INK, MUTED, SEQUENTIAL, place
from ...diagnostics.figures.image_grids import GAP, TILE, headed, show, to_pixels
from ..interval import Interval
from ..panels import keyed, panel_grid
from ..study import Study
from .fractions import CLASSIFIER, MAJORITY, Sets, methods, read, written
from .tables import titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["change_heatmap", "draw_accuracy", "swap_matrix"]

STYLE = {
    "exact": (CATEGORICAL[0], "-", "o"),
    "alpha": (CATEGORICAL[0], "--", "o"),
    "tilted": (CATEGORICAL[5], "-", "o"),
    "tilted+alpha": (CATEGORICAL[5], "--", "o"),
    "official": (CATEGORICAL[1], "-", "o"),
    "detached": (CATEGORICAL[4], "-", "o"),
    "diva": (CATEGORICAL[2], "-", "s"),
    "m2": (CATEGORICAL[3], "-", "s"),
    "mvae": (INK, "-", "s"),
    CLASSIFIER: (MUTED, "--", "^"),
    MAJORITY: (MUTED, ":", "_"),
}
DODGE = 0.022  # decades between one method and the next, lest their intervals cover each other


def draw_accuracy(study: Study, grid: Mapping[str, Sets]) -> "Figure":
    """Test accuracy against the fraction of labelled rows, a panel for each data set, with intervals over seeds."""
    across = min(len(grid), 2)
    figure, lines = panel_grid([""] * -(-len(grid) // 2), [""] * across, "Test accuracy against labels")
    panels = [axes for row in lines for axes in row]
    for spare in panels[len(grid) :]:
        spare.remove()
    for axes, (data, sets) in zip(panels, grid.items(), strict=False):
        axes.set_title(data, loc="left", size=9.5, color=INK, weight="bold")
        rows = [*methods(study, sets.values()), CLASSIFIER, MAJORITY]
        found = {name: [read(study, s, name, "accuracy") for s in sets.values()] for name in rows}
        found = {name: values for name, values in found.items() if any(value.seeds for value in values)}
        if (told := left_out(found)) is not None:
            axes.text(0.98, 0.03, told, transform=axes.transAxes, ha="right", size=8, color=MUTED)
            found.pop(MAJORITY)
        for k, (name, values) in enumerate(found.items()):
            line(axes, list(sets), values, (k - (len(found) - 1) / 2) * DODGE, name)
        axes.set_xscale("log")
        axes.set_xticks(list(sets), [written(f) for f in sets])
        axes.minorticks_off()
        axes.set_xlabel("f, fraction of rows labelled", size=8.5, color=MUTED)
        axes.set_ylabel("accuracy, %", size=8.5, color=MUTED)
    keyed(figure, columns=2 + across)
    return figure


def left_out(found: Mapping[str, Sequence[Interval]]) -> str | None:
    """The most frequent answer in words, where it lies so low that its line would press all others together."""
    others = [value.mean for name, values in found.items() if name != MAJORITY for value in values if value.seeds]
    majority = [value.mean for value in found.get(MAJORITY, []) if value.seeds]
    if not majority or not others or max(majority) >= min(others) - (max(others) - min(others)) / 2:
        return None
    return f"{titled(MAJORITY)}: {100 * np.mean(majority):.0f} %"


def line(axes: "Axes", fraction: Sequence[float], values: Sequence[Interval], dodge: float, name: str) -> None:
    """One method: means joined by a line, intervals upright through them."""
    colour, dashes, marker = STYLE[name]
    x = np.array(fraction) * 10**dodge
    mean, half = 100 * np.array([[v.mean, np.nan_to_num(v.half)] for v in values]).T
    axes.plot(x, mean, color=colour, linestyle=dashes, linewidth=1.3, marker=marker, markersize=3.2, label=titled(name))
    axes.vlines(x, mean - half, mean + half, color=colour, linewidth=1.0)


def change_heatmap(
    panels: Mapping[str, Array], labels: Sequence[str], quantities: Sequence[str], own: Sequence[int], *, title: str
) -> "Figure":
    """What moving each block changes: a panel for each method, blocks down, quantities across, on one colour scale.

    Args:
        panels: name of a method -> ``[L, F]`` mean absolute changes, in standard deviations of the quantity.
        labels: L names of the blocks.
        quantities: F names.
        own: ``[F]``, the block whose own each quantity is, or -1: its cell is framed. Quantities of one block stand
            together.
        title: of the figure.

    Example:
        >>> figure = change_heatmap({"exact": np.eye(2)}, ["hat", "eyes"], ["width", "size"], [0, 1], title="Changes")
        >>> [axes.get_title(loc="left") for axes in figure.axes]
        ['exact', '']
    """
    order = np.argsort(np.where(np.array(own) < 0, len(labels), own), kind="stable")
    change = {name: as_numpy(value)[:, order] for name, value in panels.items()}
    limit = max(np.nanmax(value) for value in change.values()) or 1.0
    cell, high, head = max(0.3, 3.4 / len(quantities)), 0.23, 0.3
    left = 0.3 + 0.075 * max(map(len, labels))
    wide, tall = cell * len(quantities), high * len(labels)
    foot = 0.25 + 0.066 * max(map(len, quantities))
    figure = headed(max(left + wide + 0.9, 0.3 + 0.105 * len(title)), 0.45 + len(change) * (head + tall) + foot, title)
    for k, (name, value) in enumerate(change.items()):
        axes = place(figure, left, 0.42 + k * (head + tall) + head, wide, tall)
        drawn = axes.imshow(value, cmap=SEQUENTIAL, vmin=0, vmax=limit, aspect="auto", interpolation="none")
        axes.set_title(name, loc="left", size=9.5, pad=4.5, weight="bold", color=INK)
        axes.set_yticks(range(len(labels)), labels, size=8)
        axes.set_xticks(range(len(quantities)), [quantities[int(f)] for f in order] if name == list(change)[-1] else [])
        axes.tick_params(axis="x", rotation=90, labelsize=8)
        axes.tick_params(length=0, labelcolor=INK)
        axes.spines[:].set_visible(False)
        for b in range(len(labels)):
            mine = np.flatnonzero(np.array(own)[order] == b)
            frame(axes, mine, b)
    bar = place(figure, left + wide + 0.12, 0.42 + head, 0.11, min(len(change) * (head + tall) - head, 1.8))
    figure.colorbar(drawn, cax=bar)
    bar.tick_params(labelsize=7, length=2, colors=MUTED, pad=1.5)
    bar.set_ylabel("change, standard deviations", size=7.5, color=MUTED, labelpad=3)
    bar.spines[:].set_visible(False)
    return figure


def frame(axes: "Axes", columns: np.ndarray, row: int) -> None:
    """A white frame around the cells of a block's own quantities."""
    from matplotlib.patches import Rectangle

    if len(columns):
        corner = (columns[0] - 0.5, row - 0.5)
        axes.add_patch(Rectangle(corner, len(columns), 1, fill=False, edgecolor="white", linewidth=1.5, clip_on=False))


def swap_matrix(
    rows: Array,
    columns: Array,
    swapped: Array,
    named: Sequence[str],
    *,
    title: str = "Characteristics of A, style of B",
) -> "Figure":
    """Every image A with the style of every image B: rows keep their characteristics, columns their style.

    Args:
        rows: ``[M, C, H, W]``, the images A.
        columns: ``[N, C, H, W]``, the images B.
        swapped: ``[M, N, C, H, W]``, row A's characteristics with column B's style.
        named: M names of the rows, such as the labels that they have.
        title: of the figure.

    Example:
        >>> image = np.zeros((2, 3, 1, 8, 8))
        >>> len(swap_matrix(image[:, 0], image[0], image, ["hat", "eyes"]).axes)
        11
    """
    first, second, whole = (to_pixels(*each) for each in (("rows", rows), ("columns", columns), ("swapped", swapped)))
    high, apart = TILE * first.shape[1] / first.shape[2], 0.12
    left, top = 0.25 + 0.075 * max(map(len, named)), 0.72
    down, across = len(first), len(second)
    width = max(left + (across + 1) * (TILE + GAP) + apart + 0.12, 0.3 + 0.105 * len(title))
    figure = headed(width, top + (down + 1) * (high + GAP) + apart + 0.08, title)
    x = [left, *(left + apart + (n + 1) * (TILE + GAP) for n in range(across))]
    y = [top, *(top + apart + (m + 1) * (high + GAP) for m in range(down))]
    for n in range(across):
        show(place(figure, x[n + 1], y[0], TILE, high), second[n])
    for m in range(down):
        axes = place(figure, x[0], y[m + 1], TILE, high)
        show(axes, first[m])
        axes.set_ylabel(named[m], rotation=0, ha="right", va="center", size=8, color=INK, labelpad=6)
        for n in range(across):
            show(place(figure, x[n + 1], y[m + 1], TILE, high), whole[m, n])
    across_inches, down_inches = figure.get_size_inches()
    for text, at in (("A ↓", (x[0], y[1] - 0.06)), ("style of B →", (x[1], y[0] - 0.06))):
        figure.text(at[0] / across_inches, 1 - at[1] / down_inches, text, size=8.5, color=MUTED, va="bottom")
    return figure
