"""The labels that a split keeps in memory, whether or not its pixels are there too."""

from collections.abc import Sized
from typing import cast

from torch import Tensor
from torch.utils.data import Dataset

from .batch import Batch, Labels

__all__ = ["kept_labels"]


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
