"""Figures of this experiment alone: dimensions counted along a sweep, estimators against rows, four aggregates."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from ...diagnostics.figures.canvas import CATEGORICAL, INK, MUTED
from ..interval import Interval
from ..panels import curve, keyed, panel_grid
from ..study import Study
from .estimators import CODINGS, ESTIMATORS, ROWS, by_rows, side_by_side
from .tables import counts
from .variants import swept

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_aggregates", "draw_counts", "draw_estimators"]

STYLE, BANDS = {"matched": "--", "upper": ":", "lower": ":"}, ("exact", "gaussian")
SWEPT = {"H": "H, dimensions of the code", "beta": "beta, weight of the KL"}


def draw_counts(study: Study, sets: Sequence[str]) -> "Figure | None":
    """Dimensions counted in three ways, against H and against beta, a line of panels for each set that sweeps them."""
    sweeps = {s: {what: swept(study, s, what) for what in SWEPT} for s in sets}
    sweeps = {s: found for s, found in sweeps.items() if all(found.values())}
    if not sweeps:
        return None
    figure, lines = panel_grid(list(sweeps), list(SWEPT.values()), "How many dimensions are informative")
    for (set_name, found), row in zip(sweeps.items(), lines, strict=True):
        for axes, (what, variants) in zip(row, found.items(), strict=True):
            x, series = counts(study, set_name, variants, what)
            if what == "H":
                axes.plot(x, x, color=MUTED, linewidth=1, linestyle=":", label="all")
            for colour, (name, values) in zip(CATEGORICAL, series.items(), strict=False):
                curve(axes, np.array(x), values, colour, name, "-" if name == "informative" else "--")
            axes.set_xscale("log", base=2)
            axes.set_xticks(x, [f"{value:g}" for value in x])
            axes.minorticks_off()
            most = max(each.mean for values in series.values() for each in values)
            axes.set_ylim(0, 1.15 * most)
            axes.set_ylabel("dimensions", size=8.5, color=MUTED)
            axes.set_xlabel(what, size=8.5, color=MUTED)
    keyed(figure)
    return figure


def draw_estimators() -> "Figure":
    """Each estimator against the number of rows, on a unimodal and on a clustered aggregate, with the truth.

    Bands, of the exact and of the paper's alone, are twice the spread over draws of the rows.
    """
    names = ["unimodal", "ten clusters"]
    figure, (row,) = panel_grid(["aggregate"], names, "Estimates against the number of rows")
    for axes, name in zip(row, names, strict=True):
        truth, found = CODINGS[name].truth, by_rows(CODINGS[name])
        axes.axhline(truth, color=INK, linewidth=1, label="truth")
        for colour, (key, title) in zip(CATEGORICAL, ESTIMATORS.items(), strict=False):
            shown = found[key] if key in BANDS else [Interval(each.mean, math.nan, each.seeds) for each in found[key]]
            curve(axes, np.array(ROWS, dtype=float), shown, colour, title, STYLE.get(key, "-"))
        axes.set_xscale("log")
        axes.set_ylim(truth - 1.0, truth + 1.6)
        axes.set_xlabel("rows N", size=8.5, color=MUTED)
        axes.set_ylabel("nats", size=8.5, color=MUTED)
    keyed(figure, columns=3)
    return figure


def draw_aggregates() -> "Figure":
    """The aggregate of each coding, and the zero-mean Normal that the paper's estimator puts in its place."""
    figure, (row,) = panel_grid(["coding"], list(CODINGS), "One trait in four codings, by the aggregate of each")
    for axes, (coding, found) in zip(row, zip(CODINGS.values(), side_by_side().values(), strict=True), strict=True):
        second = np.sqrt(np.mean(np.square(coding.centres)) + coding.width**2 + coding.scale**2)
        h = np.linspace(-4.5, 5.5, 4000)
        axes.fill_between(h, coding.density(h), color=CATEGORICAL[0], alpha=0.35, linewidth=0, label="aggregate")
        axes.plot(h, stats.norm.pdf(h, 0, second), color=CATEGORICAL[1], linewidth=1.4, label="the paper's Normal")
        lines = [f"exact {found['exact']:.2f} nats", f"the paper's {found['gaussian']:.2f}"]
        for place, (line, colour) in enumerate(zip(lines, CATEGORICAL, strict=False)):
            axes.text(0.02, 0.95 - 0.1 * place, line, transform=axes.transAxes, size=8.5, color=colour, va="top")
        axes.set_ylim(0, 1.35 * max(coding.density(h).max(), 0.4))
        axes.set_xlabel("z", size=8.5, color=MUTED)
    keyed(figure)
    return figure
