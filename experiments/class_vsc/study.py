"""The cells of the experiment as a table to ask, and what a variant changes against plain."""

from dataclasses import dataclass

from .. import study
from ..interval import Interval, interval

__all__ = ["PLAIN", "Study"]

PLAIN = "plain"


@dataclass(frozen=True)
class Study(study.Study):
    """Measured cells, one variant of which is plain."""

    def against_plain(self, set_name: str, variant: str, *path: str, relative: bool = False) -> Interval:
        """The change of a scalar figure against the plain variant with the same seed, or its share of plain's."""
        here, there = self.values(set_name, variant, *path), self.values(set_name, PLAIN, *path)
        both = here.keys() & there.keys()
        return interval((here[s] - there[s]) / (abs(there[s]) if relative else 1) for s in sorted(both))
