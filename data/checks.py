"""What a split must be before anything is trained on it, and the sentence that says where it is not."""

from collections.abc import Sized
from typing import cast

import torch
from torch import Tensor
from torch.utils.data import Dataset

from .batch import Batch, Labels

__all__ = ["check_factors", "check_same_shape", "check_split"]


def check_split(split: Batch | Dataset, name: str, classes: tuple[str, ...], several_classes: bool = False) -> None:
    """Checks the rows and labels of a split; of a map-style Dataset only the length and the first row.

    Args:
        split: the rows.
        name: what the errors call it, such as ``"digits.train"``.
        classes: the names of the classes of ``y`` ``[N]``, or of the L attributes of ``y`` ``[N, L]``.
        several_classes: ask for two classes at least among the labelled rows.

    Raises:
        ValueError: as `DataSet` lists.

    Example:
        >>> check_split(Batch(torch.zeros(2, 3), torch.tensor([0, 1])), "mine.train", ("no", "yes"))
    """
    if not isinstance(split, Batch):
        split = _first_row(split, name)
        several_classes = False
    if not isinstance(split.x, Tensor) or split.x.ndim < 2:
        given = f"shape {list(split.x.shape)}" if isinstance(split.x, Tensor) else f"a {type(split.x).__name__}"
        raise ValueError(
            f"{name}.x: expected a tensor [N, ...] of bytes or floats; {given} was given.\nTry one of:\n"
            "- torch.as_tensor(x) for an array\n- x[:, None] for rows of a single number"
        )
    if split.rows == 0:
        raise ValueError(f"{name}: the split is empty.\nTry one of:\n- at least one row in each split")
    _check_pixels(split.x, f"{name}.x")
    _check_labels(split, name, classes, several_classes)


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


def _check_labels(split: Batch, name: str, classes: tuple[str, ...], several_classes: bool) -> None:
    if split.y is None:
        if split.labelled is not None:
            raise ValueError(f"{name}.labelled: given without y.\nTry one of:\n- y as well\n- labelled=None")
        return
    if isinstance(split.labelled, dict) and not (isinstance(split.y, dict) and split.labelled.keys() == split.y.keys()):
        raise ValueError(
            f"{name}.labelled: a dict of masks needs the same label sites as y.\nTry one of:\n"
            "- one mask for each site of a dict y\n- one mask [N] for all sites"
        )
    if isinstance(split.y, dict):
        for site, y in split.y.items():
            labelled = split.labelled.get(site) if isinstance(split.labelled, dict) else split.labelled
            _check_site(y, labelled, split.rows, f"{name}.y[{site!r}]", None, several_classes)
    else:
        _check_site(split.y, split.labelled, split.rows, f"{name}.y", classes, several_classes)


def _check_site(
    y: Tensor, labelled: Labels, N: int, name: str, classes: tuple[str, ...] | None, several_classes: bool
) -> None:
    if not isinstance(y, Tensor) or y.ndim not in (1, 2) or len(y) != N:
        given = f"shape {list(y.shape)}" if isinstance(y, Tensor) else f"a {type(y).__name__}"
        raise ValueError(
            f"{name}: expected a tensor [{N}] of classes or [{N}, L] of binary attributes; {given} was given.\n"
            "Try one of:\n- one label a row of x\n- y.argmax(-1) for one-hot classes"
        )
    known = torch.ones(N, dtype=torch.bool) if labelled is None else labelled
    if not isinstance(known, Tensor) or known.dtype != torch.bool or known.shape not in (y.shape, y.shape[:1]):
        given = f"{known.dtype} {list(known.shape)}" if isinstance(known, Tensor) else f"a {type(known).__name__}"
        raise ValueError(
            f"{name.replace('.y', '.labelled')}: expected a boolean mask [{N}] or of the shape of y, {list(y.shape)}; "
            f"{given} was given.\nTry one of:\n- labelled.bool()\n- data.label_mask(y, labels=100, seed=0, classes=10)"
        )
    if y.ndim == 2 and known.ndim == 1:
        known = known[:, None].expand_as(y)
    if classes is not None:
        if y.ndim == 2 and y.shape[1] != len(classes):
            raise ValueError(
                f"{name}: {y.shape[1]} attributes a row, but classes names {len(classes)}.\nTry one of:\n"
                "- one name for each column of y\n- y.argmax(-1) if the columns are one-hot classes"
            )
        if not classes:
            raise ValueError(f"{name}: labels without class names.\nTry one of:\n- classes=('a', 'b', ...)\n- y=None")
    _check_range(y, known, name, 2 if y.ndim == 2 else len(classes) if classes else None)
    if several_classes and known.any():
        lowest = torch.where(known, y, torch.inf).reshape(N, -1).amin(0)
        highest = torch.where(known, y, -torch.inf).reshape(N, -1).amax(0)
        if (lowest >= highest).all():  # one varying attribute is enough
            raise ValueError(
                f"{name}: all {int(known.sum())} labels are {int(y[known][0])}; a single class has nothing to be told "
                "apart from.\nTry one of:\n- rows of two classes at least\n- y=None to train without labels"
            )


def _check_range(y: Tensor, known: Tensor, name: str, classes: int | None) -> None:
    bad = known & ((y < 0) | (y != y.round()) | ~y.isfinite() if y.is_floating_point() else y < 0)
    if classes is not None:
        bad = bad | known & (y >= classes)
    if bad.any():
        row = int(bad.reshape(len(y), -1).any(1).nonzero()[0])
        expected = "integers of 0 or more" if classes is None else f"integers from 0 to {classes - 1}"
        raise ValueError(
            f"{name}: expected {expected} on labelled rows; {int(bad.sum())} labels are not, the first at row {row}: "
            f"{y[bad][0].item():g}.\nTry one of:\n- classes numbered from 0, attributes as 0 and 1\n"
            "- labelled=False for the rows whose label is unknown"
        )


def _row_shapes(split: Batch | Dataset) -> dict[str, list[int]]:
    batch = split if isinstance(split, Batch) else Batch.stack([split[0]])
    shapes = {"x": list(batch.x.shape[1:])}
    for site, y in batch.y.items() if isinstance(batch.y, dict) else [("", batch.y)]:
        if y is not None:
            shapes[f"y[{site!r}]" if site else "y"] = list(y.shape[1:])
    return shapes
