"""The aim: a bound that is stated and optimised, against the one of the reference code, seed against the same seed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..interval import Interval, interval
from ..markdown import markdown, percent, signed
from ..study import Study
from .fractions import CLASSIFIER, fractions, listed, methods, read, written

__all__ = ["Against", "against", "aim_table", "classifier_verdict", "verdict"]

RIVAL = "official"
ROUNDING = 1e-9  # of a share: runs that are equally often right may differ by so much
Standing = Literal["holds", "within noise", "fails", "undecided"]


@dataclass(frozen=True)
class Against:
    """A method against the reference code's on one set, by differences of runs of one seed.

    Attributes:
        data: the data set.
        fraction: of labelled rows.
        accuracy: its accuracy less that of ``official``, a share.
        bound: its -bound less that of ``official``, in nats; below 0 is better.
    """

    data: str
    fraction: float
    accuracy: Interval
    bound: Interval

    @property
    def place(self) -> tuple[str, float]:
        """The data set and the fraction."""
        return self.data, self.fraction

    @property
    def standing(self) -> Standing:
        """Whether it is at least as accurate and has the strictly better bound.

        The bound is better if the whole interval says so. Accuracy that is lower in the mean by less than its interval
        is "within noise". One seed decides nothing.
        """
        if not (math.isfinite(self.accuracy.half) and math.isfinite(self.bound.half)):
            return "undecided"
        if self.lower or self.bound.mean + self.bound.half >= 0:
            return "fails"
        return "holds" if self.accuracy.mean > -ROUNDING else "within noise"

    @property
    def lower(self) -> bool:
        """Whether the whole interval says that it is less accurate."""
        return self.accuracy.mean + self.accuracy.half < -ROUNDING

    @property
    def missing(self) -> list[str]:
        """What speaks against it, in words; empty where the aim holds or nothing is decided."""
        if self.standing != "fails":
            return []
        found = ["accuracy is lower"] if self.lower else []
        if self.bound.mean - self.bound.half > 0:
            found.append("the bound is worse")
        elif self.bound.mean + self.bound.half >= 0:
            found.append("the bounds are not told apart")
        return found


def against(study: Study, method: str, rival: str = RIVAL) -> list[Against]:
    """A method against its rival on every set that has both with a seed in common."""

    def difference(name: str, key: str) -> Interval:
        ours, theirs = study.values(name, method, key), study.values(name, rival, key)
        return interval(ours[seed] - theirs[seed] for seed in ours if seed in theirs)

    found = [
        Against(data, f, difference(name, "accuracy"), difference(name, "-bound"))
        for data, sets in fractions(study).items()
        for f, name in sets.items()
    ]
    return [each for each in found if each.accuracy.seeds and each.bound.seeds]


def points(difference: Interval) -> str:
    """A difference of shares in percentage points, with its sign.

    Example:
        >>> points(interval([0.01, 0.02, 0.03]))
        '+2.0 ± 2.5'
    """
    return ("+" if difference.mean >= 0 else "") + percent(difference)


def aim_table(study: Study, compared: Sequence[str]) -> str | None:
    """Differences in accuracy and in -bound to the reference code's, a row for each set; None without any."""
    found = {method: {(each.data, each.fraction): each for each in against(study, method)} for method in compared}
    found = {method: of for method, of in found.items() if of}
    places = [
        (data, f)
        for data, sets in fractions(study).items()
        for f in sets
        if any((data, f) in of for of in found.values())
    ]
    if not places:
        return None
    head = ["data", "f"]
    for method in found:
        head += [f"{method} - {RIVAL}: accuracy, points", "-bound, nats", "the aim"]
    rows = []
    for place in places:
        cells = [place[0], written(place[1])]
        for of in found.values():
            each = of.get(place)
            cells += ["–"] * 3 if each is None else [points(each.accuracy), signed(each.bound, 1), each.standing]
        rows.append(cells)
    return markdown(head, rows)


def verdict(study: Study, method: str) -> str | None:
    """Where the aim holds and where not, in sentences made of the numbers; None without a set to judge by."""
    found = against(study, method)
    if not found:
        return None
    aim = f"The aim, `{method}` at least as good as `{RIVAL}` in accuracy and strictly better in the bound, holds"
    places = [each.place for each in found]
    holds, noise, undecided = (
        [each.place for each in found if each.standing == standing]
        for standing in ("holds", "within noise", "undecided")
    )
    if len(holds) == len(found):
        return f"{aim} on every set and at every f."
    parts = [f"{aim} in {len(holds)} of {len(found)} cases" + (f": on {listed(holds, places)}." if holds else ".")]
    if noise:
        parts.append(
            "The bound is strictly better, and accuracy lower in the mean by less than its interval, on "
            f"{listed(noise, places)}."
        )
    reasons = {reason: [e.place for e in found if reason in e.missing] for each in found for reason in each.missing}
    parts += [f"It fails where {reason}: on {listed(some, places)}." for reason, some in reasons.items()]
    if undecided:
        parts.append(f"One seed decides nothing: on {listed(undecided, places)}.")
    return " ".join(parts)


def classifier_verdict(study: Study) -> str | None:
    """Where a plain classifier of the labelled rows alone is ahead of all methods; None where none was trained."""
    found = {}
    for data, sets in fractions(study).items():
        for f, name in sets.items():
            plain = read(study, name, CLASSIFIER, "accuracy")
            best = [study.figure(name, method, "accuracy") for method in methods(study, [name])]
            if plain.seeds:
                found[data, f] = plain.mean > max(each.mean for each in best if each.seeds) + ROUNDING
    if not found:
        return None
    ahead = [each for each, is_ahead in found.items() if is_ahead]
    told = f"in {len(ahead)} of {len(found)} cases" + (f": on {listed(ahead, list(found))}." if ahead else ".")
    return f"The plain classifier is, in the mean over seeds, more accurate than every method {told}"
