"""The cells of an experiment as a table to ask: a figure of a variant over its seeds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .cell import Cell
from .interval import Interval, interval
from .measures import Measured

__all__ = ["Study"]


@dataclass(frozen=True)
class Study:
    """Measured cells.

    Attributes:
        cells: cell -> its figures and its run folder.
    """

    cells: Mapping[Cell, Measured]

    @property
    def sets(self) -> list[str]:
        """Data sets in the preset's order."""
        return list(dict.fromkeys(cell.set for cell in self.cells))

    def variants(self, set_name: str) -> list[str]:
        """Variants on a data set, in the preset's order."""
        return list(dict.fromkeys(cell.variant for cell in self.cells if cell.set == set_name))

    def of(self, set_name: str, variant: str) -> dict[int, Measured]:
        """Seed -> what was measured."""
        found = {c.seed: m for c, m in self.cells.items() if (c.set, c.variant) == (set_name, variant)}
        return dict(sorted(found.items()))

    def config(self, set_name: str, variant: str) -> Mapping[str, Any]:
        """The configuration of a variant's first cell."""
        return next(c.config for c in self.cells if (c.set, c.variant) == (set_name, variant))

    def values(self, set_name: str, variant: str, *path: str) -> dict[int, Any]:
        """Seed -> the figure at a path of keys, such as "test", "ratio"; seeds that lack it are left out."""
        found = {seed: reached(measured.figures, path) for seed, measured in self.of(set_name, variant).items()}
        return {seed: value for seed, value in found.items() if value is not None}

    def figure(self, set_name: str, variant: str, *path: str) -> Interval:
        """A scalar figure over the seeds."""
        return interval(self.values(set_name, variant, *path).values())

    def mean(self, set_name: str, variant: str, *path: str) -> np.ndarray | None:
        """The mean over seeds of a figure that is an array; None if no seed has it."""
        arrays = [np.array(value, dtype=float) for value in self.values(set_name, variant, *path).values()]
        return np.mean(arrays, 0) if arrays else None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Data set and variant, pair by pair."""
        return ((set_name, variant) for set_name in self.sets for variant in self.variants(set_name))


def reached(tree: Any, path: tuple[str, ...]) -> Any:
    """What lies at a path of keys; None if the path ends before.

    Example:
        >>> reached({"test": {"ratio": 2.0}}, ("test", "ratio")), reached({"test": None}, ("test", "ratio"))
        (2.0, None)
    """
    for key in path:
        if not isinstance(tree, Mapping) or key not in tree:
            return None
        tree = tree[key]
    return tree
