"""A weight chosen on validation rows, never on test rows."""

import math

from .study import Study
from .variants import family

__all__ = ["RATIO", "SLACK", "choose", "ratio", "reaches"]

SLACK, RATIO = 0.015, 10.0
"""The aim: the ratio between / within, at no more than this share of -ELBO lost and no fewer used dimensions."""


def choose(study: Study, set_name: str, name: str) -> str | None:
    """The variant of a family with the highest ratio among those that, on validation rows, keep to the rule.

    The rule: -ELBO no more than 1.5 % worse than plain, and no fewer used dimensions. Without such a variant, the
    bound alone; without one of those either, the variant with the best bound.

    Args:
        study: the cells.
        set_name: the data set.
        name: the family; None if it has no variant here.
    """
    variants = [v for v in study.variants(set_name) if family(v) == name]
    cheap = [v for v in variants if cost(study, set_name, v, "validation") <= SLACK]
    broad = [v for v in cheap if lost_dimensions(study, set_name, v, "validation") <= 0]
    if not variants:
        return None
    if not cheap:
        return min(variants, key=lambda v: study.figure(set_name, v, "validation", "-bound").mean)
    ranked = {v: ratio(study, set_name, v, "validation") for v in broad or cheap}
    return max(ranked, key=lambda v: -math.inf if math.isnan(ranked[v]) else ranked[v])


def reaches(study: Study, set_name: str, variant: str) -> dict[str, bool]:
    """Which parts of the aim a variant reaches on test rows: "ratio", "bound", "dimensions"."""
    return {
        "ratio": ratio(study, set_name, variant, "test") >= RATIO,
        "bound": cost(study, set_name, variant, "test") <= SLACK,
        "dimensions": lost_dimensions(study, set_name, variant, "test") <= 0,
    }


def cost(study: Study, set_name: str, variant: str, split: str) -> float:
    """Share of plain's -ELBO that the variant is worse by, the mean over seeds."""
    return study.against_plain(set_name, variant, split, "-bound", relative=True).mean


def lost_dimensions(study: Study, set_name: str, variant: str, split: str) -> float:
    """How many fewer dimensions are used than by plain, the mean over seeds."""
    return -study.against_plain(set_name, variant, split, "used").mean


def ratio(study: Study, set_name: str, variant: str, split: str) -> float:
    """Mean between over mean within: a single seed whose gates agree wholly does not make it infinite."""
    within = study.figure(set_name, variant, split, "within").mean
    return study.figure(set_name, variant, split, "between").mean / within if within > 0 else float("nan")
