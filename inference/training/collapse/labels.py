"""Collapse of labels: a guide that says the same of every image."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Said", "labels_collapsed", "read_said"]

EPOCHS, NOTHING = 5, 0.02
"""Labels tell nothing if for so many epochs they carry less than this share of the entropy of all rows' labels
together, or of log 2: where q(y | x) is certain of one class, there is no entropy."""

STILL = 1.5
"""Information that has grown by this factor meanwhile is on its way. So are labels while the bound climbs by more than
a fiftieth of itself: some methods learn to draw for dozens of steps before they look at a label."""

LABEL_FACTORS = ("supervision", "interpolation")
"""What teaches labels, by the names of the factors; an own name that holds one counts."""


@dataclass(frozen=True)
class Said:
    """What q(y | x) says of the validation rows, after an epoch.

    Attributes:
        information: that a label has of which image it is of, nats.
        entropy: of the labels of all rows together, nats; the information is at most that.
        training: divergence of q(y | x) from the prior on training batches, and
        evaluation: on validation rows, nats; NaN where the record lacks one.
        taught: whether a factor that teaches labels has a weight, or there is none that could.
        bound: on the validation rows; NaN where the record lacks it.
    """

    information: float
    entropy: float
    taught: bool = True
    bound: float = math.nan
    training: float = math.nan
    evaluation: float = math.nan

    @property
    def little(self) -> float:
        """Nats that are as good as nothing."""
        return NOTHING * max(self.entropy, math.log(2))

    @property
    def silent(self) -> bool:
        """Whether validation rows are told nothing."""
        return self.taught and self.information < self.little

    @property
    def silent_in_training(self) -> bool:
        """Whether training batches are told nothing, though validation rows are."""
        return self.taught and self.training < self.little and self.evaluation > 10 * self.little

    def complaint(self, site: str) -> str:
        """What is wrong, in numbers, and what to try."""
        if self.silent_in_training:
            return (
                f"in training the classifier says the same of every clean image ('{site}': kl {self.training:.2g} "
                f"nats, {self.evaluation:.3g} in evaluation mode). Try a classifier whose batch normalisation sees "
                "clean images and others in one pass, as Interpolation has it, or one without."
            )
        return (
            f"the classifier says the same of every clean image ('{site}': {self}). Try more epochs, a larger "
            "weight of the supervision, a smaller one of the divergence, or, in a classifier with batch normalisation, "
            "the same statistics for clean images and others."
        )

    def __str__(self) -> str:
        """In words."""
        return f"{self.information:.2g} of at most {self.entropy:.3g} nats"


def read_said(row: Mapping[str, float]) -> dict[str, Said]:
    """Label site -> what is said, from a row of metrics; empty without known labels.

    Example:
        >>> print(read_said({"validation/information(y)": 0.0004, "validation/entropy(y)": 2.3026})["y"])
        0.0004 of at most 2.3 nats
    """
    prefix = "validation/information("
    weights = [
        w for name, w in row.items() if name.startswith("weight/") and any(each in name for each in LABEL_FACTORS)
    ]
    sites = [name.removeprefix(prefix)[:-1] for name in row if name.startswith(prefix)]
    return {
        site: Said(
            information=row[f"{prefix}{site})"],
            entropy=row[f"validation/entropy({site})"],
            taught=not weights or max(weights) > 0,
            bound=row.get("validation/bound", math.nan),
            training=row.get(f"train/kl({site})", math.nan),
            evaluation=row.get(f"validation/kl({site})", math.nan),
        )
        for site in sites
    }


def labels_collapsed(trail: Sequence[Said]) -> bool:
    """Whether q(y | x) is the same for every row at the end of a trail, though labels are taught, and is to stay so.

    Uniform or certain of one class alike: accuracy tells neither, for the largest of nearly equal probabilities may
    well be the right one. Or it is so of training batches alone, by statistics that are theirs alone.

    Args:
        trail: what is said after each epoch.

    References:
        An, Choi, Jeon, "EXoN: EXplainable encoder Network" (arXiv 2105.10867), whose public logs of CIFAR-10 show it:
        .0004 nats on clean images beside hardly an error on labelled ones.

    Example:
        >>> silent = [Said(0.0004, 2.3)] * 4
        >>> labels_collapsed([*silent, Said(0.0004, 2.3)]), labels_collapsed([*silent, Said(0.5, 2.3)])
        (True, False)
    """
    window = trail[-EPOCHS:]
    first, last = window[0], window[-1]
    if len(window) == EPOCHS and all(each.silent_in_training for each in window):
        return True
    silent = all(each.silent for each in window)
    on_its_way = last.information > STILL * first.information or last.bound - first.bound > 0.02 * abs(last.bound)
    return len(window) == EPOCHS and silent and not on_its_way
