"""Pairs of dimensions that an approximate estimator puts in the wrong order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...diagnostics import INFORMATIVE

__all__ = ["Inversions", "inversions"]

ERRORS = 3.0


@dataclass(frozen=True)
class Inversions:
    """The pairs of one run.

    Attributes:
        pairs: of informative dimensions whose exact informations differ by more than three standard errors.
        wrong: those of them that the other estimator puts the other way round.
        worst: (more, less) of the wrong pair whose exact informations differ most; None without one.
    """

    pairs: int
    wrong: int
    worst: tuple[int, int] | None


def inversions(figures: Mapping[str, Any], other: str = "gaussian") -> Inversions:
    """The pairs of dimensions that another indicator ranks against the exact information.

    Args:
        figures: of a run, as :func:`.dimensions.measure_dimensions` has them.
        other: the indicator.

    Example:
        >>> figures = {"information": [1.0, 0.7, 0.6], "standard_error": [0.01] * 3, "gaussian": [1.0, 2.0, 0.6]}
        >>> inversions(figures)
        Inversions(pairs=3, wrong=1, worst=(0, 1))
    """
    exact, error, rival = (np.array(figures[key], dtype=float) for key in ("information", "standard_error", other))
    more = exact[:, None] - exact
    counted = (more > ERRORS * np.hypot(error[:, None], error)) & (exact > INFORMATIVE)[:, None] & (exact > INFORMATIVE)
    wrong = counted & (rival[:, None] < rival)
    first, second = np.unravel_index(np.argmax(np.where(wrong, more, -np.inf)), more.shape)
    return Inversions(int(counted.sum()), int(wrong.sum()), (int(first), int(second)) if wrong.any() else None)
