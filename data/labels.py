"""Which rows keep their labels: balanced, seeded and nested splits for semi-supervised training."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .label_checks import check_binary
from .streams import stream

__all__ = ["label_mask"]


def label_mask(y: Tensor, labels: int | float | None, seed: int, classes: int | Sequence[str]) -> Tensor:
    """Draws the rows that keep their labels.

    For classes ``[N]`` the draw is balanced: every class gives the same number of rows, and where the count does not
    divide, some classes chosen by the seed give one more. For binary attributes ``[N, L]`` whole rows are drawn at
    random, after the few (2L at most) that let every attribute show both its values. These are the first of the random
    order that do: once the count reaches them all anyway the draw is as random as any and shows each attribute about
    as often as all rows do, and only at smaller counts are rare values shown more often than they occur.

    The masks of one seed are nested: a smaller count is a subset of a larger one, so that a curve over label counts
    adds labels and never swaps them. Torch's global generator is neither read nor moved.

    Args:
        y: integer labels, ``[N]`` in ``0 .. classes - 1``, or ``[N, L]`` in ``{0, 1}``.
        labels: an ``int`` is a count of rows (0 for none); a ``float`` in (0, 1] is a fraction of them; None is all.
            Mind that ``1`` is one row and ``1.0`` is every row.
        seed: 0 or more.
        classes: the number of classes, or L; or their names, by which errors then call them.

    Returns:
        Boolean ``[N]``.

    Raises:
        ValueError: if the count is out of range, smaller than the number of classes (a fraction may round to none),
            or larger than the scarcest class can serve; for attributes, if one is neither 0 nor 1 or has a single
            value, or the count cannot show both values of all.

    Example:
        >>> y = torch.arange(1000) % 10
        >>> mask = label_mask(y, labels=0.05, seed=0, classes=10)
        >>> y[mask].bincount()
        tensor([5, 5, 5, 5, 5, 5, 5, 5, 5, 5])
    """
    N = len(y)
    count = _count(labels, N)
    if labels == 0 or count == N:
        return torch.full((N,), count == N, device=y.device)
    draw = _by_class if y.ndim == 1 else _by_attribute
    order = draw(y.cpu(), count, seed, tuple(classes) if isinstance(classes, Sequence) else int(classes))
    mask = torch.zeros(N, dtype=torch.bool)
    mask[order[:count]] = True
    return mask.to(y.device)


def _count(labels: int | float | None, N: int) -> int:
    if labels is None:
        return N
    if isinstance(labels, float) and 0 < labels <= 1:
        return round(labels * N)
    if isinstance(labels, bool) or not 0 <= labels <= N or labels != int(labels):
        raise ValueError(
            f"labels: expected a count from 0 to {N}, a fraction in (0, 1] or None; {labels!r} was given.\n"
            "Try one of:\n- labels=100 for a hundred labelled rows\n- labels=0.1 for a tenth of them\n"
            "- labels=None for all of them"
        )
    return int(labels)


def _by_class(y: Tensor, count: int, seed: int, names: int | Sequence[str]) -> Tensor:
    classes = names if isinstance(names, int) else len(names)
    bad = (y != y.long()) | (y < 0) | (y >= classes)
    if bad.any():
        raise ValueError(
            f"y: expected classes from 0 to {classes - 1}; row {int(bad.nonzero()[0])} holds {y[bad][0].item():g}.\n"
            "Try one of:\n- classes= the number of classes in y\n- y numbered from 0"
        )
    y = y.long()
    sizes = y.bincount(minlength=classes)
    most = int(sizes.min()) * classes
    if count < classes:
        raise ValueError(
            f"labels: {count} labelled rows cannot show {classes} classes, one row each at least.\nTry one of:\n"
            f"- labels={classes} or more\n- labels=0 for none, labels=None or 1.0 (not 1) for all"
        )
    share = -(-count // classes)
    if share > int(sizes.min()):
        raise ValueError(
            f"labels: {count} labelled rows over {classes} classes ask for {share} rows a class; "
            f"class {_called(int(sizes.argmin()), names)} has {int(sizes.min())}.\nTry one of:\n"
            f"- labels={most} or fewer\n- labels=None for all {len(y)} rows, balanced or not"
        )
    generator = stream(seed, "labels")
    shuffled = torch.randperm(len(y), generator=generator)
    turn = torch.randperm(classes, generator=generator)
    # The k-th row of every class comes before the k+1-th of any: every prefix of this order is balanced.
    grouped = shuffled[y[shuffled].argsort(stable=True)]
    start = sizes.cumsum(0) - sizes
    rank = torch.arange(len(y)) - start[y[grouped]]
    return grouped[(rank * classes + turn[y[grouped]]).argsort()]


def _by_attribute(y: Tensor, count: int, seed: int, names: int | Sequence[str]) -> Tensor:
    if not isinstance(names, int) and len(names) != y.shape[1]:
        raise ValueError(
            f"classes: {len(names)} names were given for the {y.shape[1]} attributes of y.\nTry one of:\n"
            f"- one name for each column of y\n- classes={y.shape[1]}"
        )
    check_binary(y, torch.ones_like(y, dtype=torch.bool), "y", None if isinstance(names, int) else names)
    shuffled = torch.randperm(len(y), generator=stream(seed, "labels"))
    shows = torch.cat([y[shuffled] == 1, y[shuffled] == 0], -1)  # [N, 2 L]
    single = ~shows.any(0)
    if single.any():
        attribute = int(single.nonzero()[0]) % y.shape[1]
        raise ValueError(
            f"labels: attribute {_called(attribute, names)} has one value only in all {len(y)} rows, so no choice of "
            f"rows shows both.\nTry one of:\n- leave column {attribute} out of y\n- more rows"
        )
    witnesses = shows.int().argmax(0).unique()  # the first row to show each value of each attribute
    if count < len(witnesses):
        raise ValueError(
            f"labels: {count} labelled rows cannot show both values of all {y.shape[1]} attributes with seed={seed}.\n"
            f"Try one of:\n- labels={len(witnesses)} or more\n- labels=0 for none, labels=None or 1.0 (not 1) for all"
        )
    rest = torch.ones(len(y), dtype=torch.bool)
    rest[witnesses] = False
    return torch.cat([shuffled[witnesses], shuffled[rest]])


def _called(index: int, names: int | Sequence[str]) -> str:
    return str(index) if isinstance(names, int) else repr(names[index])
