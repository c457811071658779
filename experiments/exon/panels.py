"""Figures of this experiment alone: figures against beta, and several latent planes side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...diagnostics.figures import canvas
from ...diagnostics.figures.canvas import CATEGORICAL, INK, MUTED
from ...diagnostics.figures.image_grids import headed, to_pixels
from ...diagnostics.figures.plane import CLASSES, mark_components
from ...diagnostics.subspace import Plane
from ..interval import Interval
from ..panels import curve, keyed, panel_grid
from ..study import Study
from .reference import SWEEP
from .tables import read
from .variants import betas, place, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Space", "draw_active", "draw_betas", "draw_spaces"]

PANELS = {
    "error": ("error", "%"),
    "kl": ("KL1 + KL2", "nats"),
    "reconstruction": ("reconstruction", "half the squared error"),
    "diversity": ("diversity", "half of 1 − SSIM"),
}
SIDE, LEFT, APART, TOP, HEAD = 3.0, 0.45, 0.42, 0.5, 0.28  # inches


def draw_betas(study: Study, set_name: str) -> "Figure | None":
    """Error, divergence, reconstruction and diversity against beta, with the source's points; None unless it varies."""
    swept = betas(study, set_name)
    if len(swept) < 2:
        return None
    figure, rows = panel_grid([""] * 2, [""] * 2, f"{place(set_name)}: what beta does")
    for axes, (name, (title, unit)) in zip([*rows[0], *rows[1]], PANELS.items(), strict=True):
        axes.set_title(title, loc="left", size=9.5, color=INK, weight="bold")
        found = [read(study, set_name, variant, name) for variant in swept.values()]
        scale = 100 if name == "error" else 1
        shown = [Interval(scale * each.mean, scale * each.half, each.seeds) for each in found]
        curve(axes, np.array(list(swept)), shown, CATEGORICAL[0], "here")
        if set_name.startswith("mnist"):
            theirs = [figures[name] for figures in SWEEP.values()]
            axes.plot(list(SWEEP), theirs, "D", color=INK, markerfacecolor="none", label="the source, MNIST, one run")
        against_beta(axes, sorted({*swept, *(SWEEP if set_name.startswith("mnist") else ())}), unit)
    keyed(figure)
    return figure


def draw_active(study: Study, set_name: str, dim: int) -> "Figure | None":
    """Activated dimensions against beta, and what varying one of them or another changes; None unless it varies."""
    swept = betas(study, set_name, dim)
    if len(swept) < 2:
        return None
    figure, (row,) = panel_grid([""], [""] * 2, f"{place(set_name)}, D = {dim}: what beta does")
    titles = (
        {"activated": "mean over classes", "union": "for a class or more"},
        {"active": "along an activated dimension", "inactive": "along another"},
    )
    for number, (axes, names) in enumerate(zip(row, titles, strict=True)):
        title = ("activated dimensions", "what a step along one changes")[number]
        axes.set_title(title, loc="left", size=9.5, color=INK, weight="bold")
        for k, (name, label) in enumerate(names.items()):
            found = [read(study, set_name, variant, name) for variant in swept.values()]
            curve(axes, np.array(list(swept)), found, CATEGORICAL[2 * number + k], label, "-" if k == 0 else "--")
        axes.set_ylim(bottom=0)
    for share, height in (("half of D", dim / 2), ("a quarter", dim / 4)):
        row[0].axhline(height, color=MUTED, linewidth=0.9, linestyle=":")
        row[0].text(max(swept), height, share, ha="right", va="bottom", size=7.5, color=MUTED)
    against_beta(row[0], list(swept), "dimensions")
    against_beta(row[1], list(swept), "half the squared change")
    keyed(figure)
    return figure


def against_beta(axes: "Axes", swept: Sequence[float], unit: str) -> None:
    """A logarithmic axis of beta, and the unit of the other."""
    axes.set_xscale("log")
    axes.set_xticks(swept, [written(beta) for beta in swept])
    axes.minorticks_off()
    axes.set_xlabel("beta of the source, four times ours", size=8.5, color=MUTED)
    axes.set_ylabel(unit, size=8.5, color=MUTED)


@dataclass(frozen=True)
class Space:
    """A latent plane, and what is decoded over it.

    Attributes:
        title: of its column.
        code: ``[N, 2]``.
        y: ``[N]``.
        loc: centres ``[K, 2]``.
        variance: ``[K, 2]``.
        plane: images over it.
    """

    title: str
    code: np.ndarray
    y: np.ndarray
    loc: np.ndarray
    variance: np.ndarray
    plane: Plane


def draw_spaces(spaces: Sequence[Space], title: str, classes: Sequence[str] | None = None) -> "Figure":
    """Planes side by side: the codes in the colours of their classes and the centres above what is decoded.

    A single plane has what is decoded to its right.

    Args:
        spaces: one or more.
        title: of the figure.
        classes: names of the classes, for a legend; None for none, where their numbers say enough.
    """
    alone = len(spaces) == 1
    foot = 0.3 if classes is None else 0.3 + 0.2 * -(-len(classes) // 5)
    columns, rows = (2, 1) if alone else (len(spaces), 2)
    width = max(LEFT + columns * (SIDE + APART), 0.3 + 0.105 * len(title))
    figure = headed(width, TOP + HEAD + rows * SIDE + 0.3 + foot, title)
    for n, space in enumerate(spaces):
        left, top = LEFT + n * (SIDE + APART), TOP + HEAD
        codes = canvas.place(figure, left, top, SIDE, SIDE)
        corner = (left + SIDE + APART, top) if alone else (left, top + SIDE + 0.25)
        images = canvas.place(figure, *corner, SIDE, SIDE)
        codes.set_title(space.title, loc="left", size=9.5, color=INK, weight="bold")
        scatter(codes, space)
        mosaic(images, space.plane)
        for axes in (codes, images):
            axes.set(xlim=space.plane.limits[0], ylim=space.plane.limits[1])
            axes.tick_params(labelsize=7, length=2, colors=MUTED)
            axes.spines[:].set(linewidth=0.6, color="#bbbbbb")
        if not alone:
            codes.set_xticklabels([])
    if classes is not None:
        handles = [figure.axes[0].plot([], [], "o", color=CLASSES[k], markersize=5)[0] for k in range(len(classes))]
        names = [f"{k}  {name}" for k, name in enumerate(classes)]
        figure.legend(handles, names, loc="lower left", ncols=5, fontsize=8, frameon=False, labelcolor=INK)
    return figure


def scatter(axes: "Axes", space: Space) -> None:
    """Codes and components; how many codes lie beyond the edge is said."""
    order = np.random.default_rng(0).permutation(len(space.code))  # no class lies over all others
    colour = np.asarray(CLASSES)[space.y[order] % len(CLASSES)]
    axes.scatter(*space.code[order].T, s=5, c=colour, alpha=0.65, linewidth=0, zorder=2)
    mark_components(axes, space.loc, space.variance)
    (left, right), (bottom, top) = space.plane.limits
    x, y = space.code.T
    beyond = int(((x < left) | (x > right) | (y < bottom) | (y > top)).sum())
    if beyond:
        axes.text(0.98, 0.02, f"{beyond} beyond", transform=axes.transAxes, ha="right", size=7, color=MUTED)


def mosaic(axes: "Axes", plane: Plane) -> None:
    """Images in their places."""
    pixels = to_pixels("images", plane.images)[::-1]  # the first row of an array is its lowest value
    rows, columns, high, wide, channels = pixels.shape
    whole = pixels.swapaxes(1, 2).reshape(rows * high, columns * wide, channels)
    look = {"cmap": "gray_r", "vmin": 0, "vmax": 1} if channels == 1 else {}
    picture = whole[..., 0] if channels == 1 else whole
    axes.imshow(
        picture, extent=(*plane.limits[0], *plane.limits[1]), aspect="auto", interpolation="antialiased", **look
    )
