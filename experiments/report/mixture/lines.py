"""The table of a mixture run's numbers: each with its unit, its definition, and its value for every run."""

import math
from collections.abc import Sequence

from torch import Tensor

from ..quantities import Quantity, written
from .reading import WINDOW, Mixture

__all__ = ["mixture_quantities"]

Values = dict[str, tuple[float | None, float | None]]


def mixture_quantities(mixtures: Sequence[Mixture | None]) -> list[Quantity]:
    """All that applies to at least one of the runs; nothing without a mixture.

    Args:
        mixtures: of the runs, the run itself first.
    """
    found = [None if mixture is None else measured(mixture) for mixture in mixtures]
    first = next((mixture for mixture in mixtures if mixture is not None), None)
    if first is None:
        return []
    return [
        Quantity(
            name,
            unit,
            text,
            tuple(None if each is None else each[name][0] for each in found),
            tuple(None if each is None else each[name][1] for each in found),
            digits,
        )
        for name, (unit, digits, text) in definitions(first).items()
        if any(each is not None and each[name][0] is not None for each in found)
    ]


def measured(mixture: Mixture) -> Values:
    """Name -> value and standard error over the rows, None for what does not apply."""
    known = mixture.known
    wrong = (mixture.guess != mixture.y)[known] if known.any() else None
    own = (mixture.nearest == mixture.y)[known if known.any() else slice(None)]
    return {
        "Error rate": (None, None) if wrong is None else mean(wrong),
        "Nearest to their own centre": mean(own),
        "KL1, of the class": mean(mixture.kl_label),
        "KL2, of the code": mean(mixture.kl_code),
        "KL1 + KL2": mean(mixture.kl_label + mixture.kl_code),
        "Entropy of q(y | x)": mean(mixture.entropy),
        "Activated dimensions": (float(mixture.activated.count), None),
        "Generation diversity": (mixture.diversity, None),
    }


def definitions(mixture: Mixture) -> dict[str, tuple[str, int, str]]:
    """Name -> unit, digits after the point, definition."""
    number, dim = mixture.prior.loc.shape
    most = written(math.log(number))
    own = "their own class" if mixture.told else "their most probable cluster"
    images = "every second image each way of the plane below" if dim == 2 else "144 images drawn from the prior"
    side = 0 if mixture.plane is None else min(mixture.plane.images.shape[-2:])
    window = f" (in windows of {(side - 1) // 2 * 2 + 1} pixels, for 11 do not fit)" if 0 < side < WINDOW else ""
    return {
        "Error rate": (
            "",
            3,
            "share of the test rows whose most probable class is not their own; always guessing the largest class errs "
            f"on {written(chance(mixture))} of them.",
        ),
        "Nearest to their own centre": (
            "",
            3,
            f"share of the rows whose code is nearer to the centre of {own} than to any other, in standard deviations "
            "of the components (Mahalanobis distance): whether the place alone says the class.",
        ),
        "KL1, of the class": (
            "nats a row",
            2,
            f"kl(y), divergence of q(y | x) from p(y): {most} if the classifier is sure of one of equally frequent "
            "classes, 0 if it says the same of every image as before it saw one.",
        ),
        "KL2, of the code": (
            "nats a row",
            2,
            "kl(z), divergence of the posterior's components from the prior's, mean over the classes by q(y | x): what "
            "the place within the class costs.",
        ),
        "KL1 + KL2": (
            "nats a row",
            2,
            "divergence of the pair of class and code, no less than that of the code alone from the whole mixture.",
        ),
        "Entropy of q(y | x)": (
            "nats",
            2,
            f"what the classifier leaves open of the class, mean over rows: 0 if it is always sure, {most} if it never "
            "knows.",
        ),
        "Activated dimensions": (
            f"of {dim}",
            0,
            f"with V-nat above {mixture.activated.threshold:g} nat for a class or more: the posterior is much narrower "
            "there than the class's component.",
        ),
        "Generation diversity": (
            "",
            3,
            f"half of one minus the mean structural similarity of two of {images}{window}: 0 if all are one image, 1/2 "
            "if no two have anything in common. It praises noise too.",
        ),
    }


def chance(mixture: Mixture) -> float | None:
    """The error of always guessing the largest class."""
    y = mixture.y[mixture.known]
    return None if len(y) == 0 else 1 - float(y.bincount().max()) / len(y)


def mean(value: Tensor) -> tuple[float, float | None]:
    """Mean over rows, and its standard error; none from one row."""
    value = value.double()
    return float(value.mean()), float(value.std() / math.sqrt(len(value))) if len(value) > 1 else None
