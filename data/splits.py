"""From rows to a data set: cut off the validation rows, and hide the labels that are not asked for."""

import torch
from torch import Tensor

from .batch import Batch
from .dataset import DataSet
from .labels import label_mask
from .streams import stream

__all__ = ["capped", "held_out", "stratified_order"]


def stratified_order(y: Tensor, seed: int) -> Tensor:
    """A random order of the rows in which every stretch holds the classes in the proportions of the whole.

    Args:
        y: classes ``[N]``.
        seed: 0 or more.

    Returns:
        A permutation ``[N]``.

    Example:
        >>> y = torch.tensor([0] * 90 + [1] * 10)
        >>> y[stratified_order(y, seed=0)[:50]].sum()
        tensor(5)
    """
    shuffled = torch.randperm(len(y), generator=stream(seed, "rows"))
    grouped = shuffled[y[shuffled].argsort(stable=True)]
    sizes = y.bincount()
    rank = torch.arange(len(y)) - (sizes.cumsum(0) - sizes)[y[grouped]]
    # A class has its places evenly spaced in (0, 1), each jittered within its own cell: classes interleave at random.
    place = (rank + torch.rand(len(y), generator=stream(seed, "jitter"))) / sizes[y[grouped]]
    return grouped[place.argsort()]


def capped(rows: int | None, available: int) -> int:
    """The number of training rows: all that there are, or the first ``rows``.

    Raises:
        ValueError: if ``rows`` is not from 1 to ``available``.

    Example:
        >>> capped(None, 500), capped(100, 500)
        (500, 100)
    """
    if available < 1:
        raise ValueError("validation: no training row is left beside it.\nTry one of:\n- a smaller validation")
    if rows is not None and not 1 <= rows <= available:
        raise ValueError(
            f"rows: expected 1 to {available} training rows; {rows} was given.\nTry one of:\n"
            f"- rows=None for all {available}\n- a smaller validation split, which leaves more"
        )
    return rows or available


def held_out(
    name: str,
    rows: Batch,
    test: Batch,
    classes: tuple[str, ...],
    source: str,
    *,
    labels: int | float | None,
    seed: int,
    train: int | None,
    validation: int,
) -> DataSet:
    """A data set whose validation split is the last ``validation`` rows, and whose training split the first ``train``.

    Args:
        name: of the data set.
        rows: the rows to train and validate on, fully labelled with classes ``[N]``.
        test: the test rows.
        classes: the names of the classes.
        source: one sentence.
        labels: how many training labels to keep, see `label_mask`.
        seed: of the labels.
        train: a cap on the training rows, or None.
        validation: rows.

    Raises:
        ValueError: if the sizes leave no training or no validation row.

    Example:
        >>> rows = Batch(torch.rand(100, 4), torch.arange(100) % 2)
        >>> data = held_out(
        ...     "noise", rows, rows, ("a", "b"), "torch.rand", labels=10, seed=0, train=None, validation=25
        ... )
        >>> data.n_data, data.train.labelled.sum(), data.validation.x.equal(rows.x[75:])
        (75, tensor(10), True)
    """
    cut = rows.rows - validation
    kept = rows.take(slice(0, capped(train, cut)))
    if isinstance(kept.y, Tensor) and labels is not None:
        kept = kept._replace(labelled=label_mask(kept.y, labels, seed, classes))
    return DataSet(name, kept, rows.take(slice(cut, None)), test, classes, source)
