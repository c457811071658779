"""A cell of an experiment: one variant on one data set with one seed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Cell"]


@dataclass(frozen=True)
class Cell:
    """One variant on one data set with one seed.

    Attributes:
        set: the name of the data set.
        variant: what is compared.
        seed: of the run.
        config: the whole configuration, as a ``config.yaml`` has it: pair, data, fit.

    Example:
        >>> cell = Cell("digits", "plain", 0, {"fit": {"epochs": 2}})
        >>> str(cell), cell.digest
        ('digits/plain/0', 'd563bf36')
    """

    set: str
    variant: str
    seed: int
    config: Mapping[str, Any] = field(hash=False, repr=False)

    def __str__(self) -> str:
        return f"{self.set}/{self.variant}/{self.seed}"

    @property
    def digest(self) -> str:
        """Eight digits that change with the configuration."""
        return hashlib.sha256(json.dumps(self.config, sort_keys=True).encode()).hexdigest()[:8]
