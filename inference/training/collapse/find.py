"""Collapse, recognised in a run's history."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .gates import Gates, gates_collapsed, read_gates
from .labels import Said, labels_collapsed, read_said

__all__ = ["SETTLED", "Collapse", "CollapseWarning", "find_collapse", "still_collapsed"]

SETTLED = 4
"""The first epoch at which shut gates are not put down to the start, where healthy runs shut theirs too; nor labels
that tell nothing yet."""

KINDS: tuple[tuple[Callable[[Mapping[str, float]], Mapping[str, Any]], Callable[[Sequence[Any]], bool]], ...] = (
    (read_gates, gates_collapsed),
    (read_said, labels_collapsed),
)
"""What may collapse: how it is read from a row of metrics, site by site, and when it has."""


class CollapseWarning(UserWarning):
    """The gates or the labels of a run do not heed the image."""


@dataclass(frozen=True)
class Collapse:
    """A site that was seen to have collapsed.

    Attributes:
        site: latent site.
        epoch: the first at which it showed, from 1.
        state: of its gates, or of its labels, at that epoch.
    """

    site: str
    epoch: int
    state: Gates | Said

    def __str__(self) -> str:
        """What is wrong, in numbers, and what to try."""
        return f"Collapse at epoch {self.epoch}: {self.state.complaint(self.site)}"


def find_collapse(history: Sequence[Mapping[str, float]]) -> list[Collapse]:
    """For each site the first epoch, from the fourth on, at which its gates or its labels had collapsed, if any.

    Gates by :func:`gates_collapsed`, labels by :func:`labels_collapsed`.

    Args:
        history: one dict an epoch, as ``metrics.csv`` has them.

    Example:
        >>> gates = {"validation/open(z)": 3.0, "validation/live(z)": 1.0, "weight/consistency": 30.0}
        >>> apart = [0.52, 0.37, 0.21, 0.06, 0.05, 0.04]  # Fashion-MNIST
        >>> history = [{"epoch": e, "validation/between(z)": b} | gates for e, b in enumerate(apart, 1)]
        >>> [(each.site, each.epoch) for each in find_collapse(history)]
        [('z', 6)]
    """
    found: dict[str, Collapse] = {}
    for read, collapsed in KINDS:
        trails: dict[str, list[Any]] = {}
        for row in history:
            for site, state in read(row).items():
                trail = trails.setdefault(site, [])
                trail.append(state)
                if site not in found and row["epoch"] >= SETTLED and collapsed(trail):
                    found[site] = Collapse(site, int(row["epoch"]), state)
    return list(found.values())


def still_collapsed(collapse: Collapse, history: Sequence[Mapping[str, float]]) -> bool:
    """Whether the site lies collapsed at the end of the history too.

    Args:
        collapse: found in it.
        history: one dict an epoch.
    """
    for read, collapsed in KINDS:
        trail = [states[collapse.site] for states in map(read, history) if collapse.site in states]
        if trail and isinstance(collapse.state, type(trail[-1])):
            return collapsed(trail)
    return False
