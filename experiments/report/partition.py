"""The ways in which labels part the rows: one for classes, one for each of several attributes, none without labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...data import Batch

__all__ = ["Partition", "partitions"]


@dataclass(frozen=True)
class Partition:
    """Rows parted into classes.

    Attributes:
        name: the attribute, or "class".
        classes: C names.
        y: ``[N]``, integer labels ``0 .. C - 1``; 0 where not known.
        known: ``[N]``, which rows have a label.
    """

    name: str
    classes: tuple[str, ...]
    y: Tensor
    known: Tensor

    @property
    def met(self) -> int:
        """How many classes have a row."""
        return len(self.y[self.known].unique())


def partitions(batch: Batch, classes: Sequence[str]) -> list[Partition]:
    """The partitions that the labels of a batch make, those left out in which fewer than two classes are met.

    Args:
        batch: rows with ``y`` ``[N]``, ``[N, L]``, a dict of ``[N]``, or none.
        classes: names of the classes of ``[N]``, or of the L attributes of ``[N, L]``.

    Example:
        >>> batch = Batch(torch.zeros(3, 1), torch.tensor([[1, 0], [0, 1], [1, 1]]))
        >>> [part.classes for part in partitions(batch, ("hat", "eyes"))]
        [('no hat', 'hat'), ('no eyes', 'eyes')]
    """
    if batch.y is None:
        return []
    if isinstance(batch.y, dict):
        masks = batch.labelled if isinstance(batch.labelled, dict) else dict.fromkeys(batch.y, batch.labelled)
        columns = {site: (y, masks.get(site)) for site, y in batch.y.items() if y.ndim == 1}
        found = [part(site, *column, site_classes(site, *column)) for site, column in columns.items()]
    else:
        mask = batch.labelled if isinstance(batch.labelled, Tensor) else None
        if batch.y.ndim == 1:
            found = [part("class", batch.y, mask, tuple(classes))]
        else:
            mask = None if mask is None else mask.reshape(len(mask), -1).expand(batch.y.shape)
            found = [
                part(name, batch.y[:, i], None if mask is None else mask[:, i], (f"no {name}", name))
                for i, name in enumerate(classes)
            ]
    return [each for each in found if each.met >= 2]


def part(name: str, y: Tensor, mask: Tensor | None, classes: tuple[str, ...]) -> Partition:
    """The partition of one column of labels."""
    known = torch.ones(len(y), dtype=torch.bool) if mask is None else mask
    return Partition(name, classes, torch.where(known, y, torch.zeros_like(y)).long(), known)


def site_classes(site: str, y: Tensor, mask: Tensor | None) -> tuple[str, ...]:
    """Names for a label site that brings none: present and absent for two classes, numbers for more."""
    known = y if mask is None else y[mask]
    number = int(known.max()) + 1 if len(known) else 1
    return (f"no {site}", site) if number <= 2 else tuple(f"{site} {c}" for c in range(number))
