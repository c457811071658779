"""Accuracy against the number of kept dimensions: the most informative ones beside their controls."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Array, as_numpy
from .canvas import CATEGORICAL, INK, MUTED, place
from .image_grids import headed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["accuracy_curve"]

WIDE, HIGH = 4.9, 2.9  # inches, of the axes
MARKS = "sD^v"


def accuracy_curve(
    k: Sequence[int] | Array,
    curves: Mapping[str, Array],
    reference: Mapping[str, Mapping[int, float]] | None = None,
    chance: float | None = None,
    *,
    title: str = "Accuracy from the dimensions that are kept",
) -> "Figure":
    """One line for each way of choosing which dimensions are kept, on an axis that is logarithmic from 1 and has a 0.

    Args:
        k: K different numbers of kept dimensions, in any order.
        curves: name, such as "top k", to its accuracies in ``[0, 1]``: ``[K]``, or ``[R, K]`` for R repeats, whose mean
            is the line and whose range is the band.
        reference: name, such as a paper's, to its accuracy at some numbers of kept dimensions; hollow marks.
        chance: accuracy of a guess without any dimension; a dotted line.
        title: of the figure.

    Raises:
        ValueError: no curve, numbers that are negative or met twice, accuracies of another length, or outside
            ``[0, 1]``.

    Example:
        >>> figure = accuracy_curve([0, 1, 8], {"top k": np.array([0.1, 0.4, 0.9])}, {"paper": {8: 0.92}}, chance=0.1)
        >>> figure.axes[0].get_xscale(), figure.axes[0].get_ylabel()
        ('symlog', 'accuracy')
    """
    from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter

    kept = as_numpy(np.asarray(k))
    values = {name: np.atleast_2d(as_numpy(value).astype(float)) for name, value in curves.items()}
    check(kept, values, reference or {}, chance)
    order = np.argsort(kept)
    kept = kept[order]

    figure = headed(max(WIDE + 0.95, 0.3 + 0.105 * len(title)), HIGH + 1.25, title)
    axes = place(figure, 0.75, 0.6, WIDE, HIGH)
    for (name, value), colour in zip(values.items(), CATEGORICAL * len(values), strict=False):
        mean = value.mean(0)[order]
        axes.plot(kept, mean, color=colour, linewidth=1.7, marker="o", markersize=4, label=name, zorder=3)
        if len(value) > 1:
            axes.fill_between(
                kept, value.min(0)[order], value.max(0)[order], color=colour, alpha=0.18, linewidth=0, zorder=2
            )
    for (name, found), mark in zip((reference or {}).items(), MARKS * len(reference or {}), strict=False):
        axes.plot(
            list(found),
            list(found.values()),
            mark,
            color=INK,
            markerfacecolor="none",
            markersize=7,
            label=name,
            zorder=4,
        )
    if chance is not None:
        axes.axhline(chance, color=MUTED, linewidth=1, linestyle=":", label="chance", zorder=1)

    known = np.unique(np.concatenate([kept, *[np.array(list(found)) for found in (reference or {}).values()]]))
    axes.set_xscale("symlog", linthresh=1, linscale=0.35)
    axes.set_xlim(-0.4 if known[0] == 0 else known[0] / 1.15, 1.15 * max(known[-1], 1))
    where = axes.transData.transform(np.stack([known, 0.0 * known], 1))[:, 0]
    axes.xaxis.set_major_locator(FixedLocator(readable(known, where * 72 / figure.dpi)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set(ylim=(0, 1.03))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("dimensions kept", size=8.5, color=MUTED)
    axes.set_ylabel("accuracy", size=8.5, color=MUTED)
    axes.tick_params(labelsize=8, length=2, colors=MUTED)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set(color="#bbbbbb")
    axes.grid(axis="y", color="#ececec", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.legend(fontsize=8, frameon=False, loc="best")
    repeats = max(len(value) for value in values.values())
    if repeats > 1:
        foot = f"lines: means of up to {repeats} repeats; bands: their range"
        figure.text(
            0.12 / figure.get_figwidth(), 0.08 / figure.get_figheight(), foot, va="bottom", size=7.5, color=MUTED
        )
    return figure


def readable(known: np.ndarray, where: np.ndarray) -> list[float]:
    """Ticks with room for their numbers, the ends first; ``where`` in points."""
    chosen: list[int] = []
    for i in [0, len(known) - 1, *range(1, len(known) - 1)]:
        if all(abs(where[i] - where[j]) > 8 + 2.5 * (len(f"{known[i]:g}") + len(f"{known[j]:g}")) for j in chosen):
            chosen.append(i)
    return [float(known[i]) for i in sorted(chosen)]


def check(
    kept: np.ndarray,
    values: Mapping[str, np.ndarray],
    reference: Mapping[str, Mapping[int, float]],
    chance: float | None,
) -> None:
    """Different numbers from 0 on, an accuracy for each, and all accuracies shares."""
    if kept.ndim != 1 or kept.size == 0 or len(np.unique(kept)) != len(kept) or not (kept >= 0).all():
        raise ValueError(
            f"k: expected different numbers of kept dimensions, 0 or more; got {kept.tolist()}.\n"
            "Try one of:\n"
            "- [0, 1, 2, 4, 8, 16]\n"
            "- curves of shape [repeats, K] where a number was tried several times"
        )
    if not values or any(value.ndim != 2 or value.shape[1] != len(kept) for value in values.values()):
        raise ValueError(
            f"curves: expected at least one, each [{len(kept)}] or [repeats, {len(kept)}] as k says; "
            f"got { {name: list(value.shape) for name, value in values.items()} }.\n"
            "Try one of:\n"
            "- {'top k': accuracy} with one accuracy for each number of kept dimensions"
        )
    shares = {f"curves[{name!r}]": value for name, value in values.items()}
    shares |= {f"reference[{name!r}]": np.array(list(found.values())) for name, found in reference.items()}
    shares |= {} if chance is None else {"chance": np.array([chance])}
    for name, share in shares.items():
        if not ((share >= 0) & (share <= 1)).all():
            raise ValueError(
                f"{name}: expected accuracies in [0, 1]; got values from {share.min():.4g} to {share.max():.4g}.\n"
                "Try one of:\n"
                "- accuracy / 100 for percentages\n"
                "- a curve without the numbers of dimensions that were not tried, which are NaN"
            )
