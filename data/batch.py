"""The batch: what a model, a guide and an objective are given, and what a data set keeps in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Batch", "Labels"]

Labels = Tensor | dict[str, Tensor] | None


class Batch(NamedTuple):
    """Rows with their labels, and which of the labels are known.

    Being a tuple, ``len(batch)`` is 3 whatever it holds: ask ``batch.rows`` for the rows.

    Args:
        x: ``[B, ...]`` float pixels; bytes only in storage.
        y: integer labels ``[B]``, or ``[B, L]``, or a dict from label site to such a tensor, or None. The slots of
            rows that are not labelled may hold anything, NaN included.
        labelled: boolean ``[B]`` or ``[B, L]``, or a dict alike. None with ``y`` given means that all rows are
            labelled; None without ``y``, that none is.

    Example:
        >>> batch = Batch(torch.rand(4, 1, 8, 8), y=torch.tensor([0, 1, 1, 0]))
        >>> batch.take(torch.tensor([1, 2])).y
        tensor([1, 1])
    """

    x: Tensor
    y: Labels = None
    labelled: Labels = None

    @property
    def rows(self) -> int:
        """The number of rows, B."""
        return len(self.x)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> Batch:
        """The same batch on a device.

        Args:
            device: where to.
            non_blocking: let the copy from pinned memory run beside the computation.
        """
        return self._each(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def take(self, index: Tensor | slice) -> Batch:
        """The rows of an index: integers ``[K]``, a boolean mask ``[B]`` or a slice."""
        return self._each(lambda tensor: tensor[index])

    @classmethod
    def stack(cls, rows: Sequence[Batch]) -> Batch:
        """One batch from single rows, ``x`` of shape ``[...]`` each: what a DataLoader collates with.

        Args:
            rows: at least one; all with the same fields.
        """
        return cls(*(_stack(field) for field in zip(*rows, strict=True)))  # type: ignore[arg-type]

    def _each(self, function: Callable[[Tensor], Tensor]) -> Batch:
        return Batch(function(self.x), _over(self.y, function), _over(self.labelled, function))


def _over(labels: Labels, function: Callable[[Tensor], Tensor]) -> Labels:
    if isinstance(labels, dict):
        return {site: function(tensor) for site, tensor in labels.items()}
    return None if labels is None else function(labels)


def _stack(values: Sequence) -> Labels:
    first = values[0]
    if isinstance(first, dict):
        return {site: torch.stack([value[site] for value in values]) for site in first}
    return None if first is None else torch.stack(list(values))
