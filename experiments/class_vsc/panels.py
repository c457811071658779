"""Panels of curves and points with intervals over seeds: the sweep, the frontier, accuracy from few labels."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...diagnostics.figures.canvas import CATEGORICAL, INK, MUTED
from ..interval import Interval
from ..panels import curve, keyed, panel_grid
from .choice import RATIO, SLACK, ratio
from .study import PLAIN, Study
from .variants import family, label_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_few_labels", "draw_frontier", "draw_sweep"]

COLOUR = {
    PLAIN: INK,
    "lambda": CATEGORICAL[0],
    "all-sample": CATEGORICAL[5],
    "separation": CATEGORICAL[1],
    "sibling": CATEGORICAL[2],
    "unlabelled": CATEGORICAL[2],
    "shuffled": MUTED,
    "squared": CATEGORICAL[3],
    "alpha": CATEGORICAL[4],
}
LABEL = {
    PLAIN: "plain, lambda = 0",
    "lambda": "pairs of a class",
    "all-sample": "all-sample form",
    "separation": "with class separation",
    "sibling": "class-conditional spikes",
    "unlabelled": "control: the same without a label",
    "shuffled": "control: shuffled labels",
    "squared": "control: squared difference",
    "alpha": "control: plain, other alpha",
}


def draw_sweep(study: Study, sets: Sequence[str]) -> "Figure":
    """What lambda does: bound, used dimensions, divergence within and between classes, class information."""
    panels: dict[str, list[tuple[str, Callable[[str, str], Interval]]]] = {
        "-ELBO, nats": [("", lambda s, v: study.figure(s, v, "test", "-bound"))],
        "used dimensions": [("", lambda s, v: study.figure(s, v, "test", "used"))],
        "divergence, nats": [
            ("within classes", lambda s, v: study.figure(s, v, "test", "within")),
            ("between classes", lambda s, v: study.figure(s, v, "test", "between")),
        ],
        "sum of I(Y; Gamma), nats": [("", lambda s, v: study.figure(s, v, "test", "I(Y;Gamma)"))],
    }
    figure, rows = panel_grid(
        sets, list(panels), "The weight of class consistency, lambda: what it buys and what it costs"
    )
    for set_name, row in zip(sets, rows, strict=True):
        swept = [v for v in study.variants(set_name) if v == PLAIN or family(v) == "lambda"]
        weight = np.array([0.0 if v == PLAIN else float(v.partition("=")[2]) for v in swept])
        order = np.argsort(weight)
        for axes, series in zip(row, panels.values(), strict=True):
            for colour, (name, read) in zip((CATEGORICAL[0], CATEGORICAL[1]), series, strict=False):
                found = [read(set_name, swept[k]) for k in order]
                curve(axes, weight[order], found, colour, name)
            axes.set_xscale("symlog", linthresh=1)
            axes.set_xlim(-0.1, weight.max() * 1.3)
            axes.set_xticks(weight[order], [f"{w:g}" for w in weight[order]])
            axes.set_xlabel("lambda", size=8.5, color=MUTED)
            if len(series) > 1:
                axes.legend(fontsize=8, frameon=False)
    return figure


def draw_frontier(study: Study, sets: Sequence[str]) -> "Figure":
    """Consistency against what it costs: the bound, used dimensions, accuracy from few labels."""
    columns = ["-ELBO against plain, %", "used dimensions against plain", "accuracy from 500 labels, %"]
    figure, rows = panel_grid(
        sets, columns, "The frontier: consistency against bound, used dimensions and few-label accuracy"
    )
    for set_name, row in zip(sets, rows, strict=True):
        shown = [variant for variant in study.variants(set_name) if family(variant) in COLOUR]
        ratios = [mark(study, set_name, variant, row) for variant in shown]
        for axes, edge, above in ((row[0], 100 * SLACK, False), (row[1], 0.0, True)):
            low, high = axes.get_ylim()
            axes.set_ylim(low, high)
            span = (edge, high) if above else (low, edge)
            axes.fill_between([RATIO, 1e4], *span, color=CATEGORICAL[2], alpha=0.08, linewidth=0)
        for axes in row:
            axes.set_xscale("log")
            axes.set_xlim(1, 1.5 * max(20.0, *ratios))
            axes.set_xlabel("between / within", size=8.5, color=MUTED)
    keyed(figure)
    return figure


def mark(study: Study, set_name: str, variant: str, row: Sequence["Axes"]) -> float:
    """Put a variant's point into each panel; its ratio, 0 if it has none."""
    name = family(variant)
    quotient = ratio(study, set_name, variant, "test")
    few = study.figure(set_name, variant, "test", "few_labels", "gate*mu", "500")
    loss = study.against_plain(set_name, variant, "test", "-bound", relative=True)
    used = study.against_plain(set_name, variant, "test", "used")
    shape = "s" if name in ("unlabelled", "shuffled", "squared", "alpha") else "o"
    for axes, value, factor in zip(row, (loss, used, few), (100, 1, 100), strict=True):
        if np.isfinite(quotient):
            axes.errorbar(
                [quotient],
                [factor * value.mean],
                yerr=[[factor * np.nan_to_num(value.half)]] * 2,
                color=COLOUR[name],
                marker=shape,
                markersize=5,
                linewidth=1,
                label=LABEL[name],
            )
            setting = variant.partition("=")[2]
            axes.annotate(setting, (quotient, factor * value.mean), (4, 3), textcoords="offset points", size=6.5,
                          color=MUTED)  # fmt: skip
    return float(np.nan_to_num(quotient))


def draw_few_labels(study: Study, set_name: str) -> "Figure | None":
    """Test accuracy against the number of labels, class information seeing only those; one panel a feature."""
    few = {v: found for v in study.variants(set_name) if (found := label_count(v))}
    counts = sorted({count for count, _ in few.values()})
    if len(counts) < 2:
        return None
    methods = list(dict.fromkeys(method for _, method in few.values()))
    features = ["mu", "gate", "gate*mu"]
    figure, (row,) = panel_grid(
        [set_name], features, "Accuracy from few labels, the class information seeing only those labels"
    )

    def along(method: str, feature: str) -> list[Interval]:
        names = {count: next((v for v, f in few.items() if f == (count, method)), None) for count in counts}
        path = ("test", "few_labels", feature)
        return [study.figure(set_name, names[n] or method, *path, str(n)) for n in counts]

    for axes, feature in zip(row, features, strict=True):
        lines = [("vae", "pixels", MUTED, "raw pixels", ":"), ("vae", "mu", CATEGORICAL[3], "Normal prior, mean", "--")]
        lines += [(PLAIN, feature, COLOUR[PLAIN], "plain sparse coding", "-")]
        lines += [(method, feature, COLOUR[family(method)], f"{LABEL[family(method)]}", "-") for method in methods]
        for method, source, colour, name, style in lines:
            found = along(method, source)
            scaled = [Interval(100 * each.mean, 100 * each.half, each.seeds) for each in found]
            if np.isfinite([each.mean for each in scaled]).any():
                curve(axes, np.array(counts, dtype=float), scaled, colour, name, style)
        axes.set_xscale("log")
        axes.set_xticks(counts, [str(count) for count in counts])
        axes.minorticks_off()
        axes.set_xlabel("labels", size=8.5, color=MUTED)
        axes.set_ylabel("test accuracy, %", size=8.5, color=MUTED)
    keyed(figure, columns=5)
    return figure
