"""The aims: fewer errors than the classifier that the same labels make alone, and fewer dimensions the higher beta."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..interval import Interval, interval
from ..study import Study
from .variants import METHODS, PLAIN, betas, place, titled, written

__all__ = ["AIM", "Saved", "active_verdict", "saved", "steps", "verdict"]

AIM = 0.3
JUDGED = METHODS[:3]
ROUNDING = 1e-9  # of a share or a count
Standing = Literal["holds", "in the mean", "fails", "undecided"]


@dataclass(frozen=True)
class Saved:
    """The share of the plain classifier's errors that a method does not make, by runs of one seed.

    Attributes:
        set: the set.
        share: below 0 if it makes more.
    """

    set: str
    share: Interval

    @property
    def standing(self) -> Standing:
        """Whether so many errors are saved as the aim asks.

        By the whole of the interval it "holds"; if the interval reaches below, and the mean does not, it holds "in the
        mean". One seed decides nothing.
        """
        if not math.isfinite(self.share.half):
            return "undecided"
        if self.share.mean - self.share.half >= AIM - ROUNDING:
            return "holds"
        return "in the mean" if self.share.mean >= AIM - ROUNDING else "fails"


def saved(study: Study, set_name: str, method: str) -> Saved:
    """The share of errors that a method saves, over the seeds that have it and the plain classifier."""
    here, there = study.values(set_name, method, "error"), study.values(set_name, PLAIN, "error")
    both = [seed for seed in here if seed in there]
    return Saved(set_name, interval(1 - here[s] / there[s] if there[s] else math.nan for s in both))


def verdict(study: Study, method: str) -> str | None:
    """Where the aim holds and where not, in sentences made of the numbers; None without a set to judge by."""
    found = [saved(study, s, method) for s in study.sets]
    found = [each for each in found if each.share.seeds]
    if not found:
        return None
    aim = (
        f"The aim, {titled(method)} at least {100 * AIM:.0f} % fewer errors than the plain classifier on the same "
        "labels,"
    )
    if all(each.standing == "holds" for each in found):
        return f"{aim} holds on {listed(found)}, by the whole of the interval."
    told = {
        "holds": "holds by the whole of the interval on",
        "in the mean": "holds in the mean alone on",
        "fails": "fails on",
        "undecided": "is not decided by one seed on",
    }
    chosen = {name: [each for each in found if each.standing == name] for name in told}
    return f"{aim} " + ". It ".join(f"{told[name]} {listed(some)}" for name, some in chosen.items() if some) + "."


def listed(some: Sequence[Saved]) -> str:
    """Sets in words, with what was saved on each."""
    return "; ".join(f"{place(each.set)} ({100 * each.share.mean:.1f} %)" for each in some)


def steps(study: Study, set_name: str, dim: int) -> dict[tuple[float, float], Interval]:
    """How many activated dimensions are won from one beta to the next, by runs of one seed."""
    found = {beta: study.values(set_name, v, "activated") for beta, v in betas(study, set_name, dim).items()}
    pairs = zip(list(found), list(found)[1:], strict=False)
    return {(a, b): interval(found[b][s] - found[a][s] for s in found[b] if s in found[a]) for a, b in pairs}


def active_verdict(study: Study, set_name: str, dim: int) -> str | None:
    """Whether activated dimensions fall from over half to under a quarter, in sentences; None without two betas."""
    swept = betas(study, set_name, dim)
    if len(swept) < 2:
        return None
    (low, first), *_, (high, last) = (
        (beta, study.figure(set_name, variant, "activated")) for beta, variant in swept.items()
    )
    moved = steps(study, set_name, dim)
    ends_of = (first.mean - first.half > dim / 2 and last.mean + last.half < dim / 4) and not any(
        step.mean + step.half > ROUNDING for step in moved.values() if step.mean > ROUNDING
    )
    certain = [pair for pair, step in moved.items() if step.mean > ROUNDING and not step.mean <= step.half]
    slight = [pair for pair, step in moved.items() if ROUNDING < step.mean <= step.half]
    missing = [
        *(["they are no more than half at the start"] if not first.mean > dim / 2 else []),
        *(["they are no less than a quarter at the end"] if not last.mean < dim / 4 else []),
        *([f"they rise {spelt(certain)}"] if certain else []),
    ]
    ends = (
        f"On {place(set_name)} at D = {dim}, {first.written(1)} dimensions are activated at beta {written(low)} and "
        f"{last.written(1)} at beta {written(high)}, means over the classes."
    )
    aim = "The aim, non-increasing in beta from over half of them to under a quarter,"
    noise = f" Their mean rises by less than its interval {spelt(slight)}." if slight else ""
    alone = not math.isfinite(first.half)
    held = "is not decided by one seed" if alone else "holds" if ends_of else "holds in the mean alone"
    standing = f"fails: {'; '.join(missing)}" if missing else held
    return f"{ends} {aim} {standing}.{noise}"


def spelt(pairs: Sequence[tuple[float, float]]) -> str:
    """Steps in words.

    Example:
        >>> spelt([(0.1, 0.5), (5.0, 10.0)])
        'from beta .1 to .5 and from 5 to 10'
    """
    return "from beta " + " and from ".join(f"{written(a)} to {written(b)}" for a, b in pairs)
