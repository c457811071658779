"""V-nat of every dimension as a bar, and for which classes the dimension is activated."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Array, as_numpy
from ..subspace import VNat, activated_subspace
from .canvas import CATEGORICAL, INK, MUTED, place
from .image_grids import headed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["v_nat_bars"]

WIDE, HIGH, CELL = 7.6, 2.3, 0.15  # inches: all bars at most, their axes, a class's line of the strip
ACTIVE, QUIET, PALE = CATEGORICAL[0], "#9a9a9a", 0.4
NUMBERED = 48  # bars, at most, that have a number each


def v_nat_bars(
    v_nat: VNat | Array,
    classes: Sequence[str] | None = None,
    *,
    threshold: float = 1.0,
    title: str = "V-nat: how much narrower than the prior",
) -> "Figure":
    """A bar for each dimension in its own order: in colour where it is activated for a class, grey where for none.

    With several classes a bar is full up to the class with the least and pale up to that with the most; the strip below
    has a line for each class, dark where the dimension is activated for it.

    Args:
        v_nat: of K classes in D dimensions (``v_nat``), or its values ``[K, D]``, or ``[D]`` of one class. From
            :func:`~pellucid.diagnostics.v_nat` the highest class of each of up to 48 dimensions has a whisker of one
            standard error. Classes without a row (NaN) have an empty line.
        classes: K names; by default the numbers.
        threshold: nats above which a dimension is activated.
        title: of the figure.

    Raises:
        ValueError: values of another shape or without any class, another number of names.

    Example:
        >>> figure = v_nat_bars(np.array([[0.0, 3.1, 0.9], [1.2, 2.0, 0.0]]), ["boot", "bag"])
        >>> figure.texts[1].get_text()
        '2 of 3 dimensions are activated for a class or more; from 1 (boot) to 2 (bag) for one class'
    """
    measured = isinstance(v_nat, VNat)
    value = np.atleast_2d(as_numpy(v_nat.value if measured else v_nat).astype(float))
    error = np.atleast_2d(v_nat.standard_error) if measured else np.full(value.shape, np.nan)
    activated = activated_subspace(value, threshold).activated
    K, D = value.shape
    names = [str(k) for k in range(K)] if classes is None else list(classes)
    met = np.asarray(np.isfinite(value).all(1))
    if not met.any() or len(names) != K:
        raise ValueError(
            f"v_nat: expected finite values of one class or more, and as many names as classes; got {int(met.sum())} "
            f"classes of {K} with values, and {len(names)} names.\n"
            "Try one of:\n"
            "- v_nat(variance, y, prior_variance, classes=names)\n"
            "- rows of the classes named"
        )
    several = K > 1
    left = 0.62 + (0.07 * max(0, max(map(len, names)) - 4) if several else 0.0)
    span = min(WIDE, max(3.4, 0.3 * D))
    heading = summary(activated[met], [name for name, known in zip(names, met, strict=True) if known])
    foot = explained(threshold, several, whiskers=measured and D <= NUMBERED)
    strip = 0.1 + CELL * K if several else 0.0
    longest = max(map(len, [heading, *foot.split("\n")]))
    width = max(left + span + 0.2, 0.3 + 0.105 * len(title), 0.25 + 0.064 * longest)
    figure = headed(width, 0.75 + HIGH + strip + 0.66 + 0.15 * foot.count("\n"), title)
    height = figure.get_figheight()
    figure.text(0.12 / width, 1 - 0.42 / height, heading, va="top", size=8.5, color=MUTED)
    figure.text(0.12 / width, 0.08 / height, foot, va="bottom", size=7.5, color=MUTED, linespacing=1.4)

    axes = place(figure, left, 0.75, span, HIGH)
    bars(axes, value[met], error[met], np.asarray(activated.any(0)), threshold)
    lowest = axes
    if several:
        lowest = place(figure, left, 0.75 + HIGH + 0.1, span, CELL * K)
        lines(lowest, activated, met, names)
        axes.set_xticks([])
    numbers(lowest, D)
    return figure


def bars(axes: "Axes", value: np.ndarray, error: np.ndarray, active: np.ndarray, threshold: float) -> None:
    """Bars of K classes ``[K, D]``, pale between the least and the most, whiskers at the most."""
    D = value.shape[1]
    x, colour = np.arange(D), np.where(active, ACTIVE, QUIET)
    least, most = value.min(0), value.max(0)
    thick = 0.78 if D <= NUMBERED else 1.0
    axes.bar(x, most, thick, color=colour, alpha=PALE if len(value) > 1 else 1.0, linewidth=0, zorder=2)
    if len(value) > 1:
        axes.bar(x, least, thick, color=colour, linewidth=0, zorder=2.5)
    above = error[value.argmax(0), x]
    if D <= NUMBERED and np.isfinite(above).any():
        axes.errorbar(x, most, above, fmt="none", ecolor=INK, elinewidth=0.8, capsize=2, zorder=3)
    axes.axhline(0, color="#bbbbbb", linewidth=0.8, zorder=1)
    axes.axhline(threshold, color=INK, linewidth=0.8, dashes=(4, 3), zorder=3.5)
    low, high = min(0.0, float(least.min())), max(float((most + np.nan_to_num(above)).max()), threshold)
    axes.set(xlim=(-0.6, D - 0.4), ylim=(low - 0.05 * (high - low) * (low < 0), high + 0.08 * (high - low)))
    axes.set_ylabel("V-nat, nats", size=8.5, color=MUTED)
    axes.tick_params(axis="y", labelsize=8, length=2, colors=MUTED)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.spines["left"].set(color="#bbbbbb", linewidth=0.8)


def lines(axes: "Axes", activated: np.ndarray, met: np.ndarray, names: Sequence[str]) -> None:
    """A line for each class, dark where a dimension is activated for it."""
    from matplotlib.colors import ListedColormap

    K, D = activated.shape
    shown = np.ma.masked_array(activated.astype(float), np.broadcast_to(~met[:, None], activated.shape))
    look = ListedColormap(["#ececec", ACTIVE]).with_extremes(bad="white")
    axes.imshow(shown, cmap=look, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.hlines(np.arange(K - 1) + 0.5, -0.5, D - 0.5, color="white", linewidth=1.2)
    if D <= NUMBERED:
        axes.vlines(np.arange(D - 1) + 0.5, -0.5, K - 0.5, color="white", linewidth=0.8)
    axes.set(xlim=(-0.6, D - 0.4), ylim=(K - 0.5, -0.5))
    axes.set_yticks(range(K), names, size=7.5)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines[:].set_visible(False)


def numbers(axes: "Axes", D: int) -> None:
    """The numbers of the dimensions: every one, or some of many."""
    axes.tick_params(axis="x", labelsize=8 if D <= 24 else 6.5, length=0 if D <= NUMBERED else 2, colors=MUTED, pad=3)
    if D <= NUMBERED:
        axes.set_xticks(range(D))
    axes.set_xlabel("dimension", size=8.5, color=MUTED, labelpad=2)


def summary(activated: np.ndarray, names: Sequence[str]) -> str:
    """How many dimensions are activated, for any class and for the classes with the fewest and the most."""
    D, count = activated.shape[1], activated.sum(1)
    if len(names) == 1:
        return f"{count[0]} of {D} dimensions are activated"
    text = f"{int(activated.any(0).sum())} of {D} dimensions are activated for a class or more"
    low, high = int(count.argmin()), int(count.argmax())
    if count[low] == count[high]:
        return f"{text}; {count[low]} for each class"
    return f"{text}; from {count[low]} ({names[low]}) to {count[high]} ({names[high]}) for one class"


def explained(threshold: float, several: bool, whiskers: bool) -> str:
    """What the marks are."""
    text = f"dashed: the threshold, {threshold:g}; grey bars: not activated"
    text += "\nfull bars: the class with the least, pale: with the most" if several else ""
    return text + ("; whiskers: one standard error" if whiskers else "")
