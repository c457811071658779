"""What a split must be before anything is trained on it, and the sentence that says where it is not."""

from collections.abc import Sized
from typing import cast

import torch
from torch import Tensor
from torch.utils.data import Dataset

from .batch import Batch
from .kept import kept_labels
from .label_checks import check_labels

__all__ = ["check_factors", "check_same_shape", "check_split"]


def check_split(split: Batch | Dataset, name: str, classes: tuple[str, ...], varying: bool = False) -> None:
    """Checks the rows and labels of a split; of a map-style Dataset the length, the first row and `kept_labels`.

    Args:
        split: the rows.
        name: what the errors call it, such as ``"digits.train"``.
        classes: the names of the classes of ``y`` ``[N]``, or of the L attributes of ``y`` ``[N, L]``.
        varying: ask for two classes at least among the labelled rows, or for both values of each attribute.

    Raises:
        ValueError: as `DataSet` lists.

    Example:
        >>> check_split(Batch(torch.zeros(2, 3), torch.tensor([0, 1])), "mine.train", ("no", "yes"))
    """
    rows = split if isinstance(split, Batch) else _first_row(split, name)
    if not isinstance(rows.x, Tensor) or rows.x.ndim < 2:
        given = f"shape {list(rows.x.shape)}" if isinstance(rows.x, Tensor) else f"a {type(rows.x).__name__}"
        raise ValueError(
            f"{name}.x: expected a tensor [N, ...] of bytes or floats; {given} was given.\nTry one of:\n"
            "- torch.as_tensor(x) for an array\n- x[:, None] for rows of a single number"
        )
    if rows.rows == 0:
        raise ValueError(f"{name}: the split is empty.\nTry one of:\n- at least one row in each split")
    _check_pixels(rows.x, f"{name}.x")
    check_labels(rows.y, rows.labelled, rows.rows, name, classes, varying and rows is split)
    if rows is not split and (kept := kept_labels(split)):
        check_labels(*kept, len(cast(Sized, split)), name, classes, varying)


def check_same_shape(splits: dict[str, Batch | Dataset]) -> None:
    """Checks that the rows of all splits have one shape, and their labels too.

    Args:
        splits: split by name; each has passed `check_split`.

    Raises:
        ValueError: with the two names and shapes.

    Example:
        >>> check_same_shape({"train": Batch(torch.zeros(2, 3)), "test": Batch(torch.zeros(5, 3))})
    """
    shapes = {name: _row_shapes(split) for name, split in splits.items()}
    (first, expected), *others = shapes.items()
    for name, shape in others:
        for field in expected.keys() & shape.keys():
            if shape[field] != expected[field]:
                raise ValueError(
                    f"{name}.{field}: a row has shape {shape[field]}, in {first} {expected[field]}.\nTry one of:\n"
                    "- the same preprocessing for every split"
                )


def check_factors(values: Tensor, active: Tensor, names: tuple[str, ...]) -> None:
    """Checks that factor values, their activity and their names agree.

    Raises:
        ValueError: with the three shapes.

    Example:
        >>> check_factors(torch.rand(3, 1), torch.ones(3, 1, dtype=torch.bool), ("width",))
    """
    if values.ndim != 2 or values.shape != active.shape or active.dtype != torch.bool or len(names) != values.shape[1]:
        raise ValueError(
            f"factors: expected values [N, F], boolean active [N, F] and F names; values {list(values.shape)}, active "
            f"{list(active.shape)} of {active.dtype} and {len(names)} names were given.\nTry one of:\n"
            "- active=torch.ones_like(values, dtype=torch.bool) where every factor acts on every row"
        )


def _first_row(split: Dataset, name: str) -> Batch:
    if len(cast(Sized, split)) == 0:
        raise ValueError(f"{name}: the split is empty.\nTry one of:\n- at least one row in each split")
    row = split[0]
    if not isinstance(row, Batch):
        raise ValueError(
            f"{name}: expected a Dataset whose items are Batch rows; item 0 is a {type(row).__name__}.\nTry one of:\n"
            "- return Batch(x, y) from __getitem__, y a tensor []\n- pass a Batch of all rows if they fit in memory"
        )
    return Batch.stack([row])


def _check_pixels(x: Tensor, name: str) -> None:
    if x.dtype != torch.uint8 and not x.is_floating_point():
        raise ValueError(
            f"{name}: expected bytes (torch.uint8, served as x / 255) or floats; {x.dtype} was given.\nTry one of:\n"
            "- x.to(torch.uint8) for pixels from 0 to 255\n- x.float() for anything else"
        )
    if x.is_floating_point() and not x.sum().isfinite():  # the sum is cheap, and sees every NaN and infinity
        bad = ~x.isfinite().flatten(1).all(1)
        if bad.any():
            raise ValueError(
                f"{name}: {int(bad.sum())} of {len(x)} rows hold NaN or infinity, the first at index "
                f"{int(bad.nonzero()[0])}.\nTry one of:\n- drop them: x[x.isfinite().flatten(1).all(1)]\n"
                "- x.nan_to_num(0.0) if a missing pixel may count as 0"
            )


def _row_shapes(split: Batch | Dataset) -> dict[str, list[int]]:
    batch = split if isinstance(split, Batch) else Batch.stack([split[0]])
    shapes = {"x": list(batch.x.shape[1:])}
    for site, y in batch.y.items() if isinstance(batch.y, dict) else [("", batch.y)]:
        if y is not None:
            shapes[f"y[{site!r}]" if site else "y"] = list(y.shape[1:])
    return shapes
