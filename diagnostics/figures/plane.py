"""The sheet of a latent plane: one place and one size of its axes, so that what lies over them can be compared."""

from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Array, as_numpy
from .canvas import CATEGORICAL, INK, MUTED, place
from .image_grids import headed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["CLASSES", "Limits", "centres_of", "mark_components", "plane_sheet"]

CLASSES = (*CATEGORICAL[:6], "#882255", "#999933", "#7f7f7f", "#000000")  # Okabe and Ito's, then Tol's wine and olive
SIDE, LEFT, RIGHT, FOOT = 5.6, 0.62, 0.3, 0.72  # inches: the axes' width, and what is about them

Limits = tuple[tuple[float, float], tuple[float, float]]


def plane_sheet(title: str, limits: Limits, names: tuple[str, str], top: float, foot: str) -> "tuple[Figure, Axes]":
    """A sheet with the axes of a plane, ``top`` inches below its upper edge, and a line of words below them.

    Raises:
        ValueError: limits that are not two ascending pairs.
    """
    across, up = (high - low for low, high in limits)
    if not (0 < across < np.inf and 0 < up < np.inf):  # NaN fails both
        raise ValueError(
            f"limits: expected ((left, right), (bottom, top)), each pair ascending; got {limits}.\n"
            "Try one of:\n"
            "- limits=decode_plane(decode, z, across=(-15, 15)).limits\n"
            "- limits=None for all codes and components"
        )
    high = SIDE * float(np.clip(up / across, 0.4, 1.6))
    figure = headed(LEFT + SIDE + RIGHT, top + high + FOOT, title)
    axes = place(figure, LEFT, top, SIDE, high)
    axes.set(xlim=limits[0], ylim=limits[1])
    axes.set_xlabel(names[0], size=9, color=INK, labelpad=3)
    axes.set_ylabel(names[1], size=9, color=INK, labelpad=3)
    axes.tick_params(labelsize=8, length=2.5, colors=MUTED)
    for edge in axes.spines.values():
        edge.set(linewidth=0.6, color="#bbbbbb")
    width, height = figure.get_size_inches()
    figure.text(0.12 / width, 0.08 / height, foot, va="bottom", size=7.5, color=MUTED)
    return figure, axes


def mark_components(axes: "Axes", centres: np.ndarray, variance: np.ndarray) -> None:
    """Ellipses of one and two standard deviations of the components, a cross on each centre, and its number.

    The number stands on the inner ellipse and not on the centre, for there is what one wants to see; on the centre
    where there is no ellipse. All have a white edge, for what is below may be dark.

    Args:
        axes: of the plane.
        centres: ``[K, 2]``.
        variance: ``[K, 2]``; NaN for no ellipses.
    """
    from matplotlib.patches import Ellipse
    from matplotlib.patheffects import Normal, Stroke

    edged = [Stroke(linewidth=2.9, foreground="white"), Normal()]
    for k, ((x, y), (wide, high)) in enumerate(zip(centres, np.sqrt(variance), strict=True)):
        colour, known = CLASSES[k % len(CLASSES)], bool(np.isfinite(wide + high))
        for times, style in ((1, "solid"), (2, (0, (4, 2)))) if known else ():
            ring = Ellipse((x, y), 2 * times * wide, 2 * times * high, fill=False, linewidth=1.3, zorder=4)
            ring.set(edgecolor=colour, linestyle=style, path_effects=edged)
            axes.add_patch(ring)
        if known:
            axes.plot(x, y, "+", color=colour, markersize=7, markeredgewidth=1.3, zorder=5, path_effects=edged)
        axes.text(
            x, y + np.nan_to_num(high), str(k), ha="center", va="center", size=7.5, weight="bold", color="white",
            zorder=6, clip_on=True,
            bbox={"boxstyle": "circle,pad=0.22", "facecolor": colour, "edgecolor": "white", "linewidth": 0.8},
        )  # fmt: skip


def centres_of(centres: Array, variance: float | Array | None, dimensions: tuple[int, int]) -> np.ndarray:
    """Centres and variances ``[2, K, 2]`` of the prior's components in a plane; variances NaN where none is given.

    Raises:
        ValueError: centres that are not ``[K, D]`` with both dimensions, or variances that do not fit them.
    """
    whole = as_numpy(centres).astype(float)
    chosen = list(dimensions)
    if whole.ndim != 2 or len(chosen) != 2 or not all(0 <= j < whole.shape[1] for j in chosen) or not len(whole):
        raise ValueError(
            f"centres: expected shape [K, D] with dimensions {chosen} among the D; got {list(whole.shape)}.\n"
            "Try one of:\n"
            "- dimensions=(0, 1), the first two\n"
            "- centres[None] for a single one"
        )
    known = np.nan if variance is None else variance
    given = as_numpy(np.asarray(known) if isinstance(known, float | int) else known).astype(float)
    if given.shape not in ((), whole.shape[1:], whole.shape) or (given <= 0).any():
        raise ValueError(
            f"prior_variance: expected a positive number, or shape {list(whole.shape[1:])} or {list(whole.shape)}; got "
            f"{list(given.shape)}, {int((given <= 0).sum())} of them not positive.\n"
            "Try one of:\n"
            "- prior_variance=None for centres without ellipses"
        )
    return np.stack([whole, np.broadcast_to(given, whole.shape)])[..., chosen]
