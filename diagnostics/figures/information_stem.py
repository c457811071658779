"""The spectrum of information: what each dimension tells of the data, beside its variance, which may not show it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array, as_numpy
from ..information import INFORMATIVE, Information
from .canvas import CATEGORICAL, INK, MUTED, SEQUENTIAL, place
from .image_grids import headed
from .thumbnails import thumbnails

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure

__all__ = ["information_stem"]

CELL, THIN, TAIL = 0.36, 0.06, 2.6  # inches: a numbered column, a thin one, all thin ones at most
NUMBERED, GAP = 12, 0.5  # columns with a number where nothing is informative; columns between them and the thin ones
HIGH, FLAT = 2.3, 0.7  # inches: the axes of the information, those of the variance
UNKNOWN = "#bdbdbd"


def information_stem(
    information: Information | Array,
    *,
    variance: Array | None = None,
    specificity: Array | None = None,
    pictures: Array | None = None,
    names: Sequence[str] | None = None,
    threshold: float = INFORMATIVE,
    most: int = 24,
    title: str = "What each dimension tells",
) -> "Figure":
    """Information of each dimension as a stem, the most informative first.

    Dimensions above the threshold have a column with their name each, up to ``most``; all others follow as thin columns
    on the same axes: nothing is left out, and a collapsed tail takes little room. What the thin columns hold is said
    above them.

    Args:
        information: of the D dimensions, in nats (``mutual_information``), with whiskers of one standard error. A bare
            array ``[D]`` has no whiskers.
        variance: ``[D]``, marginal variance of each dimension over data and posterior, on axes below: it may be flat
            where the information is not.
        specificity: ``[D]``, share of the entropy of a label that the dimension tells, I(y; z_j) / H(y) in
            ``[0, 1]``, as the colour of the heads; NaN where it is not known.
        pictures: ``[D, H, W]`` or ``[D, C, H, W]``, what each dimension draws (``drawn_by``; channels are averaged),
            under its column, each on its own scale about zero.
        names: D names; by default the numbers.
        threshold: nats above which a dimension counts as informative.
        most: columns with a name.
        title: of the figure.

    Raises:
        ValueError: information that is not ``[D]`` and finite, anything else of another number of dimensions,
            specificities outside ``[0, 1]``.

    Example:
        >>> figure = information_stem(np.array([0.0, 2.5, 1.0]), variance=np.ones(3))
        >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
        ['1', '2', '0']
    """
    measured = isinstance(information, Information)
    value = as_numpy(information.value if measured else information).astype(float)
    error = as_numpy(information.standard_error).astype(float) if measured else np.zeros_like(value)
    given = {"variance": variance, "specificity": specificity, "pictures": pictures, "names": names}
    beside = {name: as_numpy(each) for name, each in given.items() if each is not None and name != "names"}
    names = [str(j) for j in range(value.size)] if names is None else list(names)
    check(value, {"standard_error": error, **beside, "names": names})

    order = np.argsort(-value, kind="stable")
    value, error, beside = value[order], error[order], {name: each[order] for name, each in beside.items()}
    named = min(most, len(value), max(int((value > threshold).sum()), NUMBERED))
    x = columns(len(value), named)
    cell = min(0.6, CELL * max(1.0, NUMBERED / len(value)))
    span = cell * (x[-1] + 1)

    left, top = 0.78, 0.8
    labels = [names[j] for j in order[:named]]
    upright = max(map(len, labels), default=0) > 4
    below = 0.2 + (0.078 * max(map(len, labels)) if upright else 0.12)
    strip = cell + 0.08 if "pictures" in beside else 0.0
    heading, foot = summary(value, threshold, named), explained(beside, bool(error.any()))
    width = left + span + (1.15 if "specificity" in beside else 0.2)
    width = max(width, 0.3 + 0.105 * len(title), 0.25 + 0.064 * max(map(len, [heading, *foot.split("\n")])))
    flat = FLAT + 0.16 if "variance" in beside else 0.0
    figure = headed(width, top + HIGH + below + strip + flat + 0.3 + 0.15 * foot.count("\n"), title)
    height = figure.get_figheight()
    figure.text(0.12 / width, 1 - 0.42 / height, heading, va="top", size=8.5, color=MUTED)

    axes = place(figure, left, top, span, HIGH)
    heads = stems(axes, x, value, error, beside.get("specificity"), named)
    axes.axhline(threshold, color=MUTED, linewidth=0.7, dashes=(4, 3), zorder=1)
    axes.set_ylim(0, 1.12 * max(float((value + error).max()), threshold))
    axes.set_ylabel("I(x; z), nats", size=8.5, color=MUTED)
    axes.set_xticks(range(named), labels, size=8.5, rotation=90 if upright else 0)
    axes.tick_params(axis="x", labelcolor=INK, pad=5)
    bare(axes, span / cell)
    if "pictures" in beside:
        thumbnails(place(figure, left, top + HIGH + below, cell * named, cell), beside["pictures"][:named])
    if "variance" in beside:
        lower = place(figure, left, top + HIGH + below + strip + 0.1, span, FLAT)
        spread(lower, x, beside["variance"], named)
        bare(lower, span / cell)
    if "specificity" in beside:
        scale = place(figure, left + span + 0.3, top + 0.5, 0.13, HIGH - 0.5)
        figure.colorbar(heads, cax=scale)
        scale.set_title("of the label\nI(y; z) / H(y)", size=8, pad=7)
        scale.tick_params(labelsize=8, length=2)
        scale.locator_params(nbins=5)
    figure.text(0.12 / width, 0.08 / height, foot, va="bottom", size=7.5, color=MUTED, linespacing=1.4)
    return figure


def columns(number: int, named: int) -> np.ndarray:
    """Where the stems stand, in named columns from the left: those at 0, 1, ..., the thin ones closer after a gap."""
    thin = number - named
    step = min(THIN, TAIL / max(thin, 1)) / CELL
    return np.concatenate([np.arange(named), named - 0.5 + GAP + step * (np.arange(thin) + 0.5)])


def stems(
    axes: "Axes", x: np.ndarray, value: np.ndarray, error: np.ndarray, specificity: np.ndarray | None, named: int
) -> "PathCollection":
    """Stems with coloured heads, large on the named columns, and whiskers where there are errors."""
    from matplotlib import colormaps

    large = np.arange(len(x)) < named
    look: dict[str, Any] = {"color": CATEGORICAL[0]}
    if specificity is not None:
        known = specificity[np.isfinite(specificity)]
        highest = max(0.1, float(np.ceil(10 * known.max() - 1e-9)) / 10) if known.size else 1.0
        colours = colormaps[SEQUENTIAL].with_extremes(bad=UNKNOWN)
        look = {"c": specificity, "cmap": colours, "vmin": 0, "vmax": highest, "plotnonfinite": True}
    axes.vlines(x, 0, value, color="#9a9a9a", linewidth=np.where(large, 1.6, 0.5), zorder=2)
    heads = axes.scatter(
        x, value, s=np.where(large, 58, 3), linewidth=np.where(large, 0.6, 0), edgecolor=INK, zorder=3, clip_on=False,
        **look,
    )  # fmt: skip
    if error.any():
        axes.errorbar(
            x[large], value[large], error[large], fmt="none", ecolor=INK, elinewidth=1, capsize=5.5, zorder=2.5
        )
    return heads


def spread(axes: "Axes", x: np.ndarray, variance: np.ndarray, named: int) -> None:
    """The variances from zero, on the columns of the stems."""
    large = np.arange(len(x)) < named
    axes.vlines(x, 0, variance, color="#cccccc", linewidth=np.where(large, 1.2, 0.4))
    axes.scatter(x, variance, s=np.where(large, 14, 2), color=MUTED, linewidth=0, zorder=3)
    axes.set(ylim=(0, 1.25 * max(float(variance.max()), 1e-9)), xticks=[])
    axes.set_ylabel("variance", size=8.5, color=MUTED)
    axes.locator_params(axis="y", nbins=3)


def bare(axes: "Axes", columns: float) -> None:
    """Axes so many columns wide, and no frame but the two lines of the axes."""
    axes.set_xlim(-0.5, columns - 0.5)
    axes.tick_params(axis="y", labelsize=8, length=2, colors=MUTED)
    axes.tick_params(axis="x", length=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set(color="#bbbbbb", linewidth=0.8)


def summary(value: np.ndarray, threshold: float, named: int) -> str:
    """How many are informative and what they tell, and what the thin columns hold; ``value`` is sorted."""
    above, rest = value[value > threshold], value[named:]
    text = (
        f"{len(above) or 'none'} of {len(value)} dimensions tell{'s' * (len(above) == 1)} more than {threshold:g} nats"
    )
    text += f", {above.sum():.1f} nats together" if len(above) > 1 else ""
    if len(rest) > 1:
        return text + f"; thin columns: the other {len(rest)}, {rest[0]:.2g} nats at most"
    return text + (f"; thin column: the last, {rest[0]:.2g} nats" if len(rest) else "")


def explained(beside: Mapping[str, np.ndarray], whiskers: bool) -> str:
    """What the marks are."""
    lines = ["dashed: the threshold" + ("; whiskers: one standard error" if whiskers else "")]
    if "specificity" in beside:
        lines[0] += "; grey heads: not known" if np.isnan(beside["specificity"]).any() else ""
    if "pictures" in beside:
        lines.append("small pictures: what the dimension draws (red adds ink, blue removes it), each on its own scale")
    return "\n".join(lines)


def check(value: np.ndarray, beside: Mapping[str, Any]) -> None:
    """One finite information a dimension, and all else of as many dimensions."""
    if value.ndim != 1 or value.size == 0 or not np.isfinite(value).all():
        raise ValueError(
            "information: expected one finite number of nats for each dimension, shape [D]; "
            f"got shape {list(value.shape)}, {int((~np.isfinite(value)).sum())} of them not finite.\n"
            "Try one of:\n"
            "- mutual_information(posterior)\n"
            "- information.mean(0) for rows of several runs"
        )
    for name, each in beside.items():
        size, axes = np.shape(each), (3, 4) if name == "pictures" else (1,)
        if len(each) != len(value) or len(size) not in axes:
            wanted = "[D, H, W] or [D, C, H, W]" if name == "pictures" else "[D]"
            raise ValueError(
                f"{name}: expected shape {wanted} with D = {len(value)}, as many as information; got {list(size)}.\n"
                "Try one of:\n"
                "- all D dimensions in their own order: the figure sorts them\n"
                "- zeros (pictures) or NaN (specificity) for dimensions without one"
            )
    known = np.asarray(beside.get("specificity", 0.0))
    if (known < 0).any() or (known > 1 + 1e-6).any():
        raise ValueError(
            f"specificity: expected shares in [0, 1]; got values from {np.nanmin(known):.3g} to {np.nanmax(known):.3g}."
            "\nTry one of:\n- I(y; z_j) / H(y), both in nats"
        )
