"""Which rows have their labels looked at, and how many."""

from collections.abc import Mapping
from typing import TypeVar

from torch import Tensor

from ...data import Batch, label_mask

__all__ = ["in_common", "label_counts", "labelled_rows"]

T = TypeVar("T")


def label_counts(y: Tensor, counts: tuple[int, ...]) -> list[int]:
    """The numbers of labels that can be served: a larger one becomes all rows, or as many as stay balanced.

    Args:
        y: ``[N]`` classes or ``[N, L]`` attributes.
        counts: the numbers wanted.

    Example:
        >>> import torch
        >>> label_counts(torch.tensor([0, 0, 0, 1, 1, 1, 1]), (2, 6, 100))
        [2, 6, 7]
    """
    balanced = int(y.bincount().min()) * int(y.max() + 1) if y.ndim == 1 else len(y)
    return sorted({len(y) if count >= len(y) else min(count, balanced) for count in counts})


def labelled_rows(train: Batch, count: int, seed: int, classes: int) -> Tensor:
    """Which training rows have their labels looked at, boolean ``[N]``.

    Those that training saw, if it saw so many; else a balanced draw by the seed, nested in those of larger counts.

    Args:
        train: N rows with labels.
        count: of rows.
        seed: of the draw.
        classes: their number, or that of the attributes.
    """
    y, seen = train.y, train.labelled
    if isinstance(seen, Tensor) and seen.ndim == 1 and int(seen.sum()) == count:
        return seen
    assert isinstance(y, Tensor)
    return label_mask(y, count, seed, classes)


def in_common(*tables: Mapping[str, T]) -> dict[str, tuple[T, ...]]:
    """What tables of equal names hold, by name; those left out that one of them lacks.

    Example:
        >>> in_common({"a": 1, "b": 2}, {"b": 3})
        {'b': (2, 3)}
    """
    return {name: tuple(table[name] for table in tables) for name in tables[0] if all(name in each for each in tables)}
