"""The labels that a split keeps in memory, whether or not its pixels are there too."""

from collections.abc import Sized
from typing import cast

import torch
from torch import Tensor
from torch.utils.data import Dataset

from .batch import Batch, Labels

__all__ = ["kept_labels", "rows_with_labels"]


def kept_labels(split: Batch | Dataset) -> tuple[Labels, Labels] | None:
    """The labels of all rows and the mask of those known, without reading a single row.

    Args:
        split: a `Batch`, or a Dataset of rows. One that has attributes ``y``, a tensor ``[N, ...]``, and ``labelled``,
            a mask alike or None, is taken to serve just these.

    Returns:
        ``y`` and ``labelled`` as in a `Batch`; None for a Dataset that keeps no such attributes.

    Example:
        >>> kept_labels(Batch(torch.zeros(2, 3), torch.tensor([0, 1])))
        (tensor([0, 1]), None)
    """
    if isinstance(split, Batch):
        return split.y, split.labelled
    y, labelled = getattr(split, "y", None), getattr(split, "labelled", "absent")
    kept = isinstance(y, Tensor) and y.ndim > 0 and len(y) == len(cast(Sized, split))
    return (y, labelled) if kept and (labelled is None or isinstance(labelled, Tensor)) else None


def rows_with_labels(split: Batch | Dataset) -> Tensor | None:
    """The rows of which a label is known: of several attributes or label sites, one at least.

    Args:
        split: as `kept_labels` takes it.

    Returns:
        Their numbers, ascending, on the CPU; None for a Dataset that keeps no labels.

    Example:
        >>> rows_with_labels(Batch(torch.zeros(3, 1), torch.tensor([7, 0, 7]), torch.tensor([True, False, True])))
        tensor([0, 2])
    """
    kept = kept_labels(split)
    if kept is None:
        return None
    y, labelled = kept
    if y is None:
        return torch.arange(0)
    if labelled is None:
        return torch.arange(len(next(iter(y.values())) if isinstance(y, dict) else y))
    masks = list(labelled.values()) if isinstance(labelled, dict) else [labelled]
    known = torch.cat([mask.cpu().reshape(len(mask), -1) for mask in masks], -1)
    return known.any(-1).nonzero()[:, 0]
