"""Codes on a plane of the latent space, with the prior's components laid out beneath them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Array, as_label, as_numpy
from .canvas import INK
from .plane import CLASSES, SIDE, Limits, centres_of, mark_components, plane_sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["latent_plane"]

MARKERS = "os^Dv"


def latent_plane(
    code: Array,
    y: Array,
    centres: Array,
    prior_variance: float | Array | None = None,
    *,
    classes: Sequence[str] | None = None,
    limits: Limits | None = None,
    dimensions: tuple[int, int] = (0, 1),
    title: str = "The latent plane",
) -> "Figure":
    """Codes in the colours of their classes, the centres of the prior's components, and their spread.

    A cross and two ellipses are the centre and one and two standard deviations of a class's component, its number
    stands on the inner one. With the limits of a :func:`plane_grid` the axes of both figures are the same, and one can
    be put below the other.

    Args:
        code: ``[N, D]``, such as posterior means or draws.
        y: ``[N]``, labels ``0 .. K - 1``.
        centres: ``[K, D]``, of the prior's components.
        prior_variance: a number, ``[D]`` or ``[K, D]``; None draws no ellipses.
        classes: K names; by default the numbers.
        limits: ``((left, right), (bottom, top))``, such as ``decode_plane(...).limits``; by default all codes and
            three standard deviations about the centres. How many codes lie beyond is said below.
        dimensions: which two, across and up.
        title: of the figure.

    Raises:
        ValueError: shapes that do not fit, labels without a centre, another number of names.

    Example:
        >>> centres = np.array([[-3.0, 0.0], [3.0, 0.0]])
        >>> figure = latent_plane(centres + 0.5, np.array([0, 1]), centres, prior_variance=1.0, classes=["off", "on"])
        >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        ['0  off', '1  on']
    """
    component, spread = centres_of(centres, prior_variance, dimensions)
    points, label = codes(code, y, as_numpy(centres), dimensions)
    number = len(component)
    names = [str(k) for k in range(number)] if classes is None else list(classes)
    if len(names) != number:
        raise ValueError(
            f"classes: expected {number} names, one for each centre; got {len(names)}.\n"
            "Try one of:\n"
            "- classes=None for their numbers"
        )
    limits = around(points, component, spread) if limits is None else limits
    inside = np.all([(points[:, i] >= limits[i][0]) & (points[:, i] <= limits[i][1]) for i in range(2)], 0)
    entries = names if classes is None else [f"{k}  {name}" for k, name in enumerate(names)]
    columns = max(1, min(number, int(SIDE / (0.42 + 0.072 * max(map(len, entries))))))
    top = 0.5 + 0.175 * -(-number // columns)

    figure, axes = plane_sheet(
        title, limits, (f"z{dimensions[0]}", f"z{dimensions[1]}"), top, told(len(points), inside, prior_variance)
    )
    size = float(np.clip(9000 / max(len(points), 1), 2, 16))
    order = np.random.default_rng(0).permutation(np.flatnonzero(inside))  # no class lies over all others
    for marker in range(-(-number // len(CLASSES))):
        rows = order[label[order] // len(CLASSES) == marker]
        colour = np.asarray(CLASSES)[label[rows] % len(CLASSES)]
        axes.scatter(
            points[rows, 0], points[rows, 1], s=size, c=colour, marker=MARKERS[marker % len(MARKERS)], alpha=0.65,
            linewidth=0, zorder=2,
        )  # fmt: skip
    mark_components(axes, component, spread)
    handles = [
        axes.scatter(
            [], [], s=26, color=CLASSES[k % len(CLASSES)], marker=MARKERS[k // len(CLASSES) % len(MARKERS)], linewidth=0
        )
        for k in range(number)
    ]
    axes.legend(
        handles, entries, loc="lower left", bbox_to_anchor=(-0.012, 1.0), ncols=columns, frameon=False, fontsize=8,
        labelcolor=INK, handletextpad=0.1, columnspacing=1.2, labelspacing=0.35, borderpad=0.3,
    )  # fmt: skip
    return figure


def codes(code: Array, y: Array, centres: np.ndarray, dimensions: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Codes ``[N, 2]`` in the plane and their labels ``[N]``.

    Raises:
        ValueError: codes of other dimensions than the centres, not finite, or labels without a centre.
    """
    points = as_numpy(code).astype(float)
    if points.ndim != 2 or points.shape[1] != centres.shape[1] or not np.isfinite(points).all():
        raise ValueError(
            f"code: expected finite codes [N, {centres.shape[1]}], of as many dimensions as the centres; got "
            f"{list(points.shape)}, {int((~np.isfinite(points)).sum())} values not finite.\n"
            "Try one of:\n"
            "- code[None] for a single one\n"
            "- centres of the same latent vector"
        )
    label = as_numpy(as_label(y, len(points)))
    if len(label) and (label.min() < 0 or label.max() >= len(centres)):
        raise ValueError(
            f"y: expected labels from 0 to {len(centres) - 1}, as many as centres; got labels from {label.min()} to "
            f"{label.max()}.\n"
            "Try one of:\n"
            "- code[y >= 0], y[y >= 0] when negative numbers stand for rows without a label\n"
            "- the classifier's argmax for rows without a label"
        )
    return points[:, list(dimensions)], label


def around(points: np.ndarray, centres: np.ndarray, variance: np.ndarray) -> Limits:
    """Limits about all codes and three standard deviations of all components, with a little air."""
    reach = 3 * np.sqrt(np.nan_to_num(variance))
    everything = np.concatenate([points, centres - reach, centres + reach])
    low, high = everything.min(0), everything.max(0)
    air = np.where(high > low, 0.03 * (high - low), 1.0)
    (left, bottom), (right, top) = (low - air).tolist(), (high + air).tolist()
    return (left, right), (bottom, top)


def told(number: int, inside: np.ndarray, prior_variance: float | Array | None) -> str:
    """What is drawn, and what is not."""
    beyond = number - int(inside.sum())
    text = f"{number} codes" + (f", {beyond} of them beyond the edge" if beyond else "")
    return (
        text if prior_variance is None else f"{text}; ellipses: 1 and 2 standard deviations of the prior's components"
    )
