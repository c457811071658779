"""Rows of a run's data with their labels and their codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor

from ...data import Batch, Batches, label_mask
from ...inference import Run
from ...inference.training.encode import encode
from ..report.code import Code, find_code
from ..report.partition import Partition, partitions

__all__ = ["Rows", "encoded", "in_common", "label_counts", "labelled_rows"]

T = TypeVar("T")


@dataclass(frozen=True)
class Rows:
    """N rows.

    Attributes:
        batch: pixels and labels.
        parts: how the labels part them: one partition for classes, one for each of several attributes.
        code: their posterior.
    """

    batch: Batch
    parts: dict[str, Partition]
    code: Code


def encoded(run: Run, batch: Batch) -> Rows:
    """Rows of float pixels with their codes; labels withheld from the guide.

    Raises:
        ValueError: if the run has no site that can be decoded.
    """
    code = find_code(run, encode(run.pair, Batches(batch, 1000, device=run.pair.device)))
    if code is None:
        raise ValueError(
            f"measure: no latent site of {run.folder} can be decoded by itself, so there is no code to measure.\n"
            "Try one of:\n- a pair with one real latent vector, such as zoo.vsc, zoo.class_vsc or zoo.vae"
        )
    return Rows(batch, {part.name: part for part in partitions(batch, run.data.classes)}, code)


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
