"""A figure over several seeds: its mean, and how far the mean may be from that of all seeds."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

__all__ = ["Interval", "interval"]


@dataclass(frozen=True)
class Interval:
    """Mean and half the width of its 95 % interval, by Student's t over seeds.

    Attributes:
        mean: over the seeds; NaN without one.
        half: NaN for fewer than two seeds.
        seeds: how many.
    """

    mean: float
    half: float
    seeds: int

    def written(self, digits: int = 2) -> str:
        """As a table has it.

        Example:
            >>> interval([1.0, 2.0, 3.0]).written(1)
            '2.0 ± 2.5'
            >>> interval([]).written()
            '–'
        """
        if not self.seeds or not np.isfinite(self.mean):
            return "–"
        return f"{self.mean:.{digits}f}" + (f" ± {self.half:.{digits}f}" if np.isfinite(self.half) else "")


def interval(values: Iterable[float | None]) -> Interval:
    """The interval of a figure, seeds that lack it left out.

    Args:
        values: one a seed; None or NaN where the seed has none.

    Example:
        >>> interval([1.0, 2.0, 3.0, None]).mean
        2.0
    """
    array = np.array([value for value in values if value is not None], dtype=float)
    array = array[~np.isnan(array)]
    number = len(array)
    if number < 2:
        return Interval(float(array[0]) if number else float("nan"), float("nan"), number)
    half = float(t.ppf(0.975, number - 1) * array.std(ddof=1) / np.sqrt(number))
    return Interval(float(array.mean()), half, number)
