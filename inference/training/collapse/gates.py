"""Collapse of a sparse code: gates that do not heed the image."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Gates", "gates_collapsed", "read_gates"]

ALIKE = ((3, 1, 0.1), (4, 4, 0.15), (5, 1, 0.35))
"""Classes are alike after so many epochs with at most so many live dimensions and less than so many nats between two
classes; .35 is half of what one gate that tells them apart without fault would give. From the trajectories of some
hundred runs at weights from 0 to 100: healthy ones pass through the first epochs with as few live dimensions, but not
for as long, or with their classes drawing apart."""

STILL = 1.5
"""A distance between classes that has grown by this factor meanwhile is on its way."""

SHUT = 5
"""Epochs after which gates that stay shut are dead, unless the bound still climbs by a fiftieth of itself."""

CLASS_FACTORS = ("consistency", "all_sample")
"""What presses the gates of a class together, by the names of the factors; an own name that holds one counts. The
strength of a class-conditional prior does so too, but holds every gate shut at first, and lets them open later."""


@dataclass(frozen=True)
class Gates:
    """The gates of a site on the validation rows, after an epoch.

    Attributes:
        between: nats between the mean gates of two classes; NaN without labels.
        open: gates open in a row, mean.
        live: dimensions whose gate is open on 1 to 99 % of the rows.
        pressed: the largest weight of a factor that presses the gates of a class together; 0 without one.
        bound: on the validation rows; NaN where the record lacks it.
    """

    between: float
    open: float
    live: int
    pressed: float = 0.0
    bound: float = math.nan

    @property
    def shut(self) -> bool:
        """Whether hardly a gate is ever open. A gate that always is makes a dense dimension, and no dead one."""
        return self.live == 0 and self.open < 0.5

    def complaint(self, site: str) -> str:
        """What is wrong, in numbers, and what to try."""
        what = "stay shut" if self.shut else "do not tell classes apart"
        return f"the gates of '{site}' {what} ({self}). {self.remedy}"

    @property
    def remedy(self) -> str:
        """What to try."""
        if not self.pressed:
            return "Try more epochs or a larger alpha."
        return (
            f"Try a warm-up of the weight that presses classes together, Ramp(0, {self.pressed:.3g}, end=0.5), "
            "a smaller weight, or ClassSeparation beside it, which keeps classes apart."
        )

    def __str__(self) -> str:
        """In words."""
        apart = "" if math.isnan(self.between) else f"{self.between:.2g} nats between two classes, "
        return f"{apart}{self.live} dimension{'s' * (self.live != 1)} whose gate varies, {self.open:.1f} open a row"


def read_gates(row: Mapping[str, float]) -> dict[str, Gates]:
    """Site -> its gates, from a row of metrics; empty for dense codes.

    Example:
        >>> print(read_gates({"validation/open(z)": 3.0, "validation/live(z)": 1.0})["z"])
        1 dimension whose gate varies, 3.0 open a row
    """
    prefix = "validation/live("
    pressed = max(
        (w for name, w in row.items() if name.startswith("weight/") and any(each in name for each in CLASS_FACTORS)),
        default=0.0,
    )
    sites = [name.removeprefix(prefix)[:-1] for name in row if name.startswith(prefix)]
    return {
        site: Gates(
            between=row.get(f"validation/between({site})", math.nan),
            open=row[f"validation/open({site})"],
            live=int(row[f"{prefix}{site})"]),
            pressed=pressed,
            bound=row.get("validation/bound", math.nan),
        )
        for site in sites
    }


def gates_collapsed(trail: Sequence[Gates]) -> bool:
    """Whether a site's code lies collapsed at the end of its gates' trail, one epoch after the other.

    Either of these:

    - *classes alike*: under a factor that presses the gates of a class together, one of the three lines of ``ALIKE``,
      and a distance between classes that has not grown by half meanwhile;
    - *dead dimensions*: for five epochs none that is live or open always, while the bound hardly climbs.

    Gates begin near 1/2 and a healthy run shuts nearly all of them in its first epoch, to open some again as the
    decoder learns to use them: hence the exceptions. Gates that vary and do not tell classes apart are no collapse, for
    labels may have nothing to do with the image.

    Args:
        trail: the gates after each epoch.
    """
    return alike(trail) or dead(trail)


def alike(trail: Sequence[Gates]) -> bool:
    """Whether classes cannot be told apart at the end of a trail, and are not on their way apart."""
    for epochs, live, nats in ALIKE:
        window = trail[-epochs:]
        close = all(each.pressed and each.live <= live and each.between < nats for each in window)
        if len(window) == epochs and close and not window[-1].between > STILL * window[0].between:
            return True
    return False


def dead(trail: Sequence[Gates]) -> bool:
    """Whether all gates stay shut at the end of a trail, and the bound with them."""
    window = trail[-SHUT:]
    climbs = window[-1].bound - window[0].bound > 0.02 * abs(window[-1].bound)
    return len(window) == SHUT and all(each.shut for each in window) and not climbs
