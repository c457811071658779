"""Several labels a picture where a set has one class: attributes measured from the pixels."""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Literal

import torch
from torch import Tensor

from .archive import CACHE
from .batch import Batch
from .bundled import mnist5k
from .dataset import DataSet, Factors
from .labels import label_mask
from .mnist_like import fashion_mnist, mnist
from .named import named_labels
from .recipe import recorded
from .shapes import SHAPES, measure_shapes

__all__ = ["measured", "shape_attributes"]


@recorded
def measured(
    source: Literal["mnist5k", "fashion_mnist", "mnist"] = "mnist5k",
    attributes: Sequence[str] = tuple(SHAPES),
    labels: int | float | None = None,
    seed: int = 0,
    rows: int | None = None,
    validation: int | None = None,
    root: str | PathLike[str] = CACHE,
    named: bool = False,
) -> DataSet:
    """Grey images whose labels are attributes measured from their pixels, ``y`` ``[N, L]``: thick, slanted and so on.

    The images and splits are those of the source; the labels and factors those of `shape_attributes`.

    Args:
        source: mnist5k, mnist or fashion_mnist.
        attributes: L of thick, slanted, wide, tall, hole.
        labels: how many training rows keep their attributes: a count, a fraction, or None for all; see `label_mask`.
        seed: of the splits, where the source draws them, and of the labels.
        rows: a cap on the training rows; None for all.
        validation: rows; None for as many as the source has by itself.
        root: a folder of the source's files; mnist5k needs none.
        named: labels by the name of their site, for a prior with a label site of each: see `named_labels`.

    Raises:
        FileNotFoundError: if the files of the source are not there and cannot be downloaded.
        ValueError: if the source, an attribute or a size is none, an attribute never varies, or the labels cannot be
            served.

    Example:
        >>> data = measured("mnist5k", ["thick", "hole"], labels=20, rows=500)
        >>> data.classes, data.train.y.shape, data.train.labelled.sum()
        (('thick', 'hole'), torch.Size([500, 2]), tensor(20))
    """
    sizes: dict[str, Any] = {"seed": seed, "rows": rows} | ({} if validation is None else {"validation": validation})
    if source == "mnist5k":
        data = mnist5k(**sizes)
    elif source in ("fashion_mnist", "mnist"):
        data = {"fashion_mnist": fashion_mnist, "mnist": mnist}[source](root, **sizes)
    else:
        raise ValueError(
            f"source: expected mnist5k, fashion_mnist or mnist; {source!r} was given.\nTry one of:\n"
            "- shape_attributes(data) for a data set of one's own"
        )
    shaped = shape_attributes(data, attributes, labels, seed)
    return named_labels(shaped) if named else shaped


def shape_attributes(
    data: DataSet,
    attributes: Sequence[str] = tuple(SHAPES),
    labels: int | float | None = None,
    seed: int = 0,
) -> DataSet:
    """The same images with binary attributes measured from their pixels in place of their labels.

    An image has ``hole`` if it has one or more. It is thick, slanted, wide or tall if its measurement is above the
    median of the training rows, so that either value is held by half of them; the medians are part of ``source``. The
    measurements themselves, in the units of `measure_shapes`, are kept as ``factors``, column l that of attribute l.

    Args:
        data: grey images in memory; left as it is.
        attributes: L of thick, slanted, wide, tall, hole: the ``classes`` of the result.
        labels: how many training rows keep their attributes: a count, a fraction, or None for all; see `label_mask`.
        seed: of the labels.

    Returns:
        A set of the same rows in the same splits, ``y`` ``[N, L]`` in {0, 1}, validation and test fully labelled. It
        has no recipe, being made from an object; `measured` makes sets that have one.

    Raises:
        ValueError: images in colour or not in memory, an attribute that does not exist or that all training rows
            share, or labels that cannot be served.

    Example:
        >>> from pellucid.data import digits
        >>> data = shape_attributes(digits(rows=400), ["wide", "tall"])
        >>> data.train.y.sum(0), data.factors["train"].names
        (tensor([200, 200]), ('width', 'height'))
    """
    values = {split: _measure(rows, f"{data.name}.{split}", attributes) for split, rows in data.splits.items()}
    counted = torch.tensor([name == "hole" for name in attributes])
    threshold = torch.where(counted, 0.0, values["train"].median(0).values)
    y = {split: (value > threshold).long() for split, value in values.items()}
    for column, name in enumerate(attributes):
        if len(held := y["train"][:, column].unique()) == 1:
            raise ValueError(
                f"attributes: '{name}' is {int(held)} on all {len(y['train'])} training rows of {data.name}, and "
                "nothing can be learned from it.\nTry one of:\n"
                f"- attributes without '{name}'\n- more or other training rows"
            )
    known = None if labels is None else label_mask(y["train"], labels, seed, len(attributes))
    train, validation, test = (
        Batch(rows.x, y[split], known if split == "train" else None)
        for split, rows in data.splits.items()
        if isinstance(rows, Batch)
    )
    names = tuple(SHAPES[name] for name in attributes)
    rule = ", ".join(f"{name} > {float(at):.4g}" for name, at in zip(names, threshold, strict=True))
    factors = {split: Factors(value, value.isfinite(), names) for split, value in values.items()}
    source = f"{data.source}; {rule}"
    return DataSet(f"{data.name}_shapes", train, validation, test, tuple(attributes), source, factors)


def _measure(rows: object, name: str, attributes: Sequence[str]) -> Tensor:
    if not isinstance(rows, Batch) or rows.x.ndim != 4 or rows.x.shape[1] != 1:
        given = f"rows of shape {list(rows.x.shape[1:])}" if isinstance(rows, Batch) else f"a {type(rows).__name__}"
        raise ValueError(
            f"{name}: expected grey images in memory, rows of shape [1, H, W]; it is {given}.\nTry one of:\n"
            "- a Batch of all rows, for a split that is read from disk\n- x.float().mean(1, keepdim=True) for colours"
        )
    return measure_shapes(rows.x, attributes)
