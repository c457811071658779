"""A data set: three splits, what its labels mean, where it came from and how to make it again."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass, field
from typing import Any, cast

from torch import Tensor
from torch.utils.data import Dataset

from .batch import Batch
from .checks import check_factors, check_same_shape, check_split
from .label_checks import check_names

__all__ = ["DataSet", "Factors", "Split", "rows_of"]

Split = Batch | Dataset


@dataclass(frozen=True, eq=False)
class Factors:
    """The true generative factors of the rows of a split.

    Args:
        values: ``[N, F]`` floats, in the units that the data set documents.
        active: ``[N, F]`` booleans: whether the factor had a part in the row. The value of an inactive factor is a
            draw like any other and left no mark.
        names: F names.

    Raises:
        ValueError: if the three disagree in shape.

    Example:
        >>> Factors(torch.rand(3, 2), torch.ones(3, 2, dtype=torch.bool), ("width", "height")).names
        ('width', 'height')
    """

    values: Tensor
    active: Tensor
    names: tuple[str, ...]

    def __post_init__(self):
        check_factors(self.values, self.active, self.names)


@dataclass(frozen=True, eq=False, repr=False)
class DataSet:
    """Training, validation and test rows, checked at construction.

    Args:
        name: a short name for titles and file names.
        train: a `Batch` of all rows in memory on the CPU, ``x`` bytes ``[N, ...]`` or floats; or, for a set that does
            not fit, a map-style ``torch.utils.data.Dataset`` whose items are single rows as `Batch`. Of the latter only
            the first row is read here. If it has attributes ``y`` ``[N, ...]`` and ``labelled`` (a mask, or None),
            these must be the labels that its rows are served with, and are checked whole.
        validation: alike; fully labelled as a rule.
        test: alike.
        classes: the names of the classes of ``y`` ``[N]``, or of the L binary attributes of ``y`` ``[N, L]``; no two
            alike.
        source: one sentence: which folder, package or download the rows came from.
        factors: the true generative factors by split name, where known.
        recipe: the call that made the set, set by its loader (see `recorded`); None for a set made by hand.

    Raises:
        ValueError: with the split's name, if a split is empty; ``x`` is neither bytes nor floats, or holds NaN or
            infinity; ``y`` or ``labelled`` has another shape than the rows ask for; a labelled row's label is no
            integer in range, or its attribute neither 0 nor 1; all labelled training rows are of one class, or one
            value of an attribute; splits differ in the shape of a row; or ``classes`` are not names, or not different.

    Example:
        >>> x, y = torch.rand(6, 1, 8, 8), torch.tensor([0, 1, 0, 1, 0, 1])
        >>> rows = Batch(x, y)
        >>> data = DataSet("noise", rows, rows, rows, classes=("even", "odd"), source="torch.rand")
        >>> data.shape, data.n_data
        ((1, 8, 8), 6)
    """

    name: str
    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]
    source: str
    factors: dict[str, Factors] | None = None
    recipe: dict[str, Any] | None = field(default=None, kw_only=True)

    def __post_init__(self):
        object.__setattr__(self, "classes", check_names(self.classes, self.name))
        for split, rows in self.splits.items():
            check_split(rows, f"{self.name}.{split}", self.classes, varying=split == "train")
        check_same_shape({f"{self.name}.{split}": rows for split, rows in self.splits.items()})

    def __repr__(self) -> str:
        sizes = ", ".join(f"{split} {rows_of(rows)}" for split, rows in self.splits.items())
        return f"DataSet({self.name}: rows of {self.shape}; {sizes}; {len(self.classes)} classes; {self.source})"

    @property
    def splits(self) -> dict[str, Split]:
        """The three splits by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a row, (channels, height, width) for images."""
        if isinstance(self.train, Batch):
            return tuple(self.train.x.shape[1:])
        return tuple(self.train[0].x.shape)

    @property
    def attributes(self) -> bool:
        """Whether labels are L binary attributes of a row, and not one class of several."""
        y = self.train.y if isinstance(self.train, Batch) else self.train[0].y
        return isinstance(y, Tensor) and y.ndim == (2 if isinstance(self.train, Batch) else 1)

    @property
    def n_data(self) -> int:
        """The number of training rows."""
        return rows_of(self.train)


def rows_of(split: Split) -> int:
    """The number of rows of a split, in memory or not.

    Example:
        >>> rows_of(Batch(torch.zeros(5, 2)))
        5
    """
    return split.rows if isinstance(split, Batch) else len(cast(Sized, split))
