"""Estimates of an information against its exact value, dimension by dimension."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Array, as_numpy
from .canvas import CATEGORICAL, INK, MUTED, place
from .image_grids import headed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["estimator_scatter"]

SIDE = 3.4  # inches
MARKS = "osD^v"


def estimator_scatter(
    exact: Array,
    estimates: Mapping[str, Array],
    rows: int | None = None,
    *,
    title: str = "Estimates against the exact information",
) -> "Figure":
    """One mark for each dimension and estimator; on the diagonal where they agree.

    Args:
        exact: ``[D]``, nats.
        estimates: name to ``[D]``, nats.
        rows: N; no information exceeds log N, a dotted line where an estimate comes near it.
        title: of the figure.

    Raises:
        ValueError: no estimate, or arrays that are not ``[D]`` and finite.

    Example:
        >>> figure = estimator_scatter(np.array([0.5, 1.0]), {"paper": np.array([0.6, 2.0])}, rows=100)
        >>> figure.axes[0].collections[0].get_offsets().tolist()
        [[0.5, 0.6], [1.0, 2.0]]
    """
    true = as_numpy(exact).astype(float)
    values = {name: as_numpy(value).astype(float) for name, value in estimates.items()}
    shapes = {"exact": true, **{f"estimates[{name!r}]": value for name, value in values.items()}}
    for name, value in shapes.items():
        if true.ndim != 1 or true.size == 0 or value.shape != true.shape or not np.isfinite(value).all() or not values:
            raise ValueError(
                f"{name}: expected finite nats of shape [D], D = {true.size}, and at least one estimate beside the "
                f"exact values; got {list(value.shape)}, {int((~np.isfinite(value)).sum())} of them not finite, and "
                f"{len(values)} estimates.\n"
                "Try one of:\n"
                "- mutual_information(posterior, method='gaussian').value"
            )
    figure = headed(max(SIDE + 1.0, 0.3 + 0.105 * len(title)), SIDE + 1.2, title)
    axes = place(figure, 0.75, 0.6, SIDE, SIDE)
    end = 1.06 * max(1e-9, *(float(value.max()) for value in shapes.values()))
    axes.plot([0, end], [0, end], color=MUTED, linewidth=0.9, zorder=1)
    for (name, value), colour, mark in zip(
        values.items(), CATEGORICAL * len(values), MARKS * len(values), strict=False
    ):
        axes.scatter(true, value, s=26, marker=mark, facecolor="none", edgecolor=colour, linewidth=1.2, label=name)
    if rows is not None and np.log(rows) < end:
        axes.axhline(np.log(rows), color=INK, linewidth=0.9, linestyle=":", label=f"log {rows}", zorder=1)
    axes.set(xlim=(-0.02 * end, end), ylim=(-0.02 * end, end))
    axes.set_xlabel("exact I(x; z), nats", size=8.5, color=MUTED)
    axes.set_ylabel("estimate, nats", size=8.5, color=MUTED)
    axes.tick_params(labelsize=8, length=2, colors=MUTED)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set(color="#bbbbbb")
    axes.legend(fontsize=8, frameon=False, loc="upper left")
    return figure
