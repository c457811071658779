"""Traversals that begin at real rows: a dimension open in all classes, and one of few."""

from typing import TYPE_CHECKING

import numpy as np

from ...diagnostics import ink, slant, traverse
from ...diagnostics.figures import traversal_grid
from .headline import spoken_of
from .reading import Reading, Space

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["chosen_dimensions", "walks"]

STEPS = np.linspace(-3, 3, 7)


def chosen_dimensions(space: Space) -> list[int]:
    """Costliest global (or else shared) dimension and specific one; without roles, the costliest two."""
    roles = space.meaning.roles
    by_cost = [int(j) for j in np.argsort(-space.cost, kind="stable") if space.used[j]]
    if roles is None:
        return by_cost[:2]
    broad = [j for name in ("global", "shared") for j in by_cost if roles.role[j] == name][:1]
    narrow = [j for j in by_cost if roles.role[j] == "specific"][:1]
    return broad + narrow or by_cost[:1]


def walks(reading: Reading, space: Space, starts: int = 3) -> "Figure | None":
    """Each chosen dimension over three standard deviations either way, from up to three rows; None without a used one.

    Args:
        reading: of the run.
        space: its dimensions.
        starts: how many rows on which the dimension is on to start from.
    """
    images, labels = [], []
    for j in chosen_dimensions(space):
        value = space.code.z[:, j]
        on = value[value != 0]
        levels = float(on.mean()) + STEPS * float(on.std(correction=0))
        for row, label in start_rows(reading, space, j)[:starts]:
            images.append(traverse(reading.run.decode, space.code.z[row], [j], levels)[0])
            labels.append(f"{space.code.name(j)} {space.role(j)}".rstrip() + (f", from {label}" if label else ""))
    if not images:
        return None
    stack = np.stack(images)
    measured = {"ink (pixels)": ink(stack), "slant (degrees)": slant(stack)}
    return traversal_grid(
        stack,
        labels,
        [float(step) for step in STEPS],
        measured,
        title="One dimension moves, the others stay",
        value_name="standard deviations of the dimension where it is on, about its mean there",
    )


def start_rows(reading: Reading, space: Space, j: int) -> list[tuple[int, str]]:
    """Rows on which dimension j is on, and their classes: in turn from each that it speaks of, most often on first."""
    on = (space.code.z[:, j] != 0).numpy()
    if not reading.parts:
        return [(int(row), "") for row in np.flatnonzero(on)]
    part = max(reading.parts, key=lambda part: spread(on & part.known.numpy(), part.y.numpy()))
    y, known = part.y.numpy(), part.known.numpy()
    share = np.array(
        [on[known & (y == c)].mean() if (known & (y == c)).any() else 0.0 for c in range(len(part.classes))]
    )
    own = set(spoken_of(space, j)) & set(part.classes) or set(part.classes)
    order = [c for c in np.argsort(-share, kind="stable") if part.classes[c] in own]
    rows = {part.classes[c]: np.flatnonzero(on & known & (y == c)) for c in order}
    return [(int(where[turn]), name) for turn in range(3) for name, where in rows.items() if turn < len(where)]


def spread(on: np.ndarray, y: np.ndarray) -> float:
    """How much the share of rows that are on differs between classes."""
    return float(np.std([on[y == c].mean() for c in np.unique(y)]))
