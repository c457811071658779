"""Collapse of a sparse code: gates that do not heed the image, recognised in a run's history."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["SETTLED", "Collapse", "CollapseWarning", "Gates", "find_collapse", "read_gates"]

APART = 0.1
"""Nats between two classes below which they count as one."""

SETTLED = 4
"""The first epoch at which shut gates are not put down to the start, where healthy runs shut theirs too."""

Row = Mapping[str, float]


class CollapseWarning(UserWarning):
    """The gates of a run do not heed the image."""


@dataclass(frozen=True)
class Gates:
    """The gates of a site on the validation rows, after an epoch.

    Attributes:
        between: nats between the mean gates of two classes; NaN without labels.
        open: gates open in a row, mean.
        live: dimensions whose gate is open on 1 to 99 % of the rows.
        pressed: whether a loss factor was on.
    """

    between: float
    open: float
    live: int
    pressed: bool

    @property
    def alike(self) -> bool:
        """Whether, under a loss factor, hardly a gate varies and classes are less than 0.1 nats apart."""
        return self.pressed and self.live <= 1 and self.between < APART

    @property
    def shut(self) -> bool:
        """Whether hardly a gate is ever open. A gate that always is makes a dense dimension, and no dead one."""
        return self.live == 0 and self.open < 0.5

    def __str__(self) -> str:
        """In words."""
        apart = "" if math.isnan(self.between) else f"{self.between:.2g} nats between two classes, "
        return f"{apart}{self.live} dimension{'s' * (self.live != 1)} whose gate varies, {self.open:.1f} open a row"


def read_gates(row: Row) -> dict[str, Gates]:
    """Site -> its gates, from a row of metrics; empty for dense codes.

    Example:
        >>> print(read_gates({"validation/open(z)": 3.0, "validation/live(z)": 1.0})["z"])
        1 dimension whose gate varies, 3.0 open a row
    """
    prefix = "validation/live("
    pressed = any(name.startswith("weight/") and name != "weight/kl" and value > 0 for name, value in row.items())
    sites = [name.removeprefix(prefix)[:-1] for name in row if name.startswith(prefix)]
    return {
        site: Gates(
            between=row.get(f"validation/between({site})", math.nan),
            open=row[f"validation/open({site})"],
            live=int(row[f"{prefix}{site})"]),
            pressed=pressed,
        )
        for site in sites
    }


@dataclass(frozen=True)
class Collapse:
    """A code that was seen to have collapsed.

    Attributes:
        site: latent site.
        epoch: the first at which it showed, from 1.
        gates: at that epoch.
        consistency: weight of the loss factor of that name; 0 without it.
    """

    site: str
    epoch: int
    gates: Gates
    consistency: float

    def __str__(self) -> str:
        """What is wrong, in numbers, and what to try."""
        what = "stay shut" if self.gates.shut else "do not tell classes apart"
        return f"Collapse at epoch {self.epoch}: the gates of '{self.site}' {what} ({self.gates}). {self.remedy}"

    @property
    def remedy(self) -> str:
        """What to try."""
        if not self.consistency:
            return "Try more epochs or a larger alpha."
        return (
            f"Try a warm-up of the consistency weight, Ramp(0, {self.consistency:.3g}, end=0.5), a smaller weight, or "
            "ClassSeparation beside it, which keeps classes apart."
        )


def find_collapse(history: Sequence[Row]) -> list[Collapse]:
    """For each site the first epoch, if any, at which its code had collapsed.

    From the fourth epoch on, either of these, unless the distance between classes has doubled within two epochs:

    - *classes alike*, two epochs running: under a loss factor, less than 0.1 nats between two classes and at most one
      live dimension;
    - *dead dimensions*, three epochs running: none that is live, or open always.

    Gates begin near 1/2 and a healthy run shuts nearly all of them in its first epoch, to open some again as the
    decoder learns to use them: hence the wait and the exception. Gates that vary and do not tell classes apart are no
    collapse, for labels may have nothing to do with the image.

    Args:
        history: one dict an epoch, as ``metrics.csv`` has them.

    Example:
        >>> gates = {"validation/open(z)": 3.0, "validation/live(z)": 1.0, "weight/consistency": 30.0}
        >>> apart = [0.52, 0.37, 0.21, 0.06, 0.05, 0.04]  # Fashion-MNIST
        >>> history = [{"epoch": e, "validation/between(z)": b} | gates for e, b in enumerate(apart, 1)]
        >>> [(each.site, each.epoch) for each in find_collapse(history)]
        [('z', 5)]
    """
    found: dict[str, Collapse] = {}
    for window in zip(history, history[1:], history[2:], strict=False):
        row = window[-1]
        for site in read_gates(row):
            seen = [gates[site] for gates in map(read_gates, window) if site in gates]
            young = len(seen) < len(window) or row["epoch"] < SETTLED
            if site in found or young or seen[2].between >= 2 * seen[0].between:
                continue
            if all(gates.alike for gates in seen[1:]) or all(gates.shut for gates in seen):
                found[site] = Collapse(site, int(row["epoch"]), seen[2], row.get("weight/consistency", 0.0))
    return list(found.values())
