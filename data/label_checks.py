"""What labels must be before anything is trained on them, and the sentence that says where they are not."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .batch import Labels

__all__ = ["check_binary", "check_labels", "check_names"]


def check_labels(
    y: Labels, labelled: Labels, N: int, name: str, classes: tuple[str, ...], varying: bool = False
) -> None:
    """Checks the labels of N rows, and the mask of those known.

    Args:
        y: labels as in a `Batch`.
        labelled: mask as in a `Batch`.
        N: the number of rows.
        name: what the errors call the rows, such as ``"digits.train"``.
        classes: the names of the classes of ``y`` ``[N]``, or of the L attributes of ``y`` ``[N, L]``.
        varying: ask for two classes at least among the known labels, and for both values of each attribute that is
            known of any row.

    Raises:
        ValueError: with the site or the attribute, the row and the value.

    Example:
        >>> check_labels(torch.tensor([0, 1]), None, 2, "mine.train", ("no", "yes"), varying=True)
    """
    if y is None:
        if labelled is not None:
            raise ValueError(f"{name}.labelled: given without y.\nTry one of:\n- y as well\n- labelled=None")
        return
    if isinstance(labelled, dict) and not (isinstance(y, dict) and labelled.keys() == y.keys()):
        raise ValueError(
            f"{name}.labelled: a dict of masks needs the same label sites as y.\nTry one of:\n"
            "- one mask for each site of a dict y\n- one mask [N] for all sites"
        )
    if isinstance(y, dict):
        for site, values in y.items():
            mask = labelled.get(site) if isinstance(labelled, dict) else labelled
            _check_site(values, mask, N, f"{name}.y[{site!r}]", None, varying)
    else:
        _check_site(y, labelled, N, f"{name}.y", classes, varying)


def check_names(classes: Sequence[str], name: str) -> tuple[str, ...]:
    """The names of the classes or attributes, all different.

    Args:
        classes: any number of names.
        name: what the error calls the data set.

    Raises:
        ValueError: for a single string, which is no sequence of names; a name that is no string; or two alike.

    Example:
        >>> check_names(["cat", "dog"], "pets")
        ('cat', 'dog')
    """
    names = () if isinstance(classes, str) else tuple(classes)
    if isinstance(classes, str) or not all(isinstance(each, str) for each in names):
        raise ValueError(
            f"{name}.classes: expected a sequence of names; {classes!r} was given.\nTry one of:\n"
            "- classes=('cat', 'dog')\n- tuple(map(str, classes)) for numbers"
        )
    twice = [each for i, each in enumerate(names) if each in names[:i]]
    if twice:
        raise ValueError(
            f"{name}.classes: {twice[0]!r} is there twice, and tables go by name.\nTry one of:\n"
            "- a name of its own for each class or column of y"
        )
    return names


def check_binary(y: Tensor, known: Tensor, name: str, names: Sequence[str] | None) -> None:
    """Checks that each known attribute is 0 or 1.

    Args:
        y: attributes ``[N, L]``.
        known: boolean ``[N, L]``.
        name: what the error calls ``y``.
        names: of the L attributes; None if they have none.

    Raises:
        ValueError: naming the first attribute that is not, and the values that it holds.

    Example:
        >>> check_binary(torch.tensor([[0, 1]]), torch.tensor([[True, True]]), "y", ("hat", "eyes"))
    """
    bad = known & (y != 0) & (y != 1)
    if bad.any():
        column = int(bad.any(0).nonzero()[0])
        rows = bad[:, column].nonzero()[:, 0]
        values = list(dict.fromkeys(f"{value:g}" for value in y[rows, column].double().unique().tolist()))
        held = ", ".join(values[:5]) + (", ..." if len(values) > 5 else "")
        raise ValueError(
            f"{name}: expected 0 or 1 in every attribute of a labelled row; {_called(column, names)} holds {held} in "
            f"{len(rows)} of {len(y)} rows, the first at row {int(rows[0])}.\nTry one of:\n"
            "- (y + 1) // 2 for attributes written as -1 and 1\n- (y > threshold).long() for measurements\n"
            "- labelled=False where an attribute is unknown: a mask may be [N, L], and such a slot may hold anything, "
            "NaN included"
        )


def _check_site(y: Tensor, labelled: Labels, N: int, name: str, classes: tuple[str, ...] | None, varying: bool) -> None:
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
    if classes is not None:
        if y.ndim == 2 and y.shape[1] != len(classes):
            raise ValueError(
                f"{name}: {y.shape[1]} attributes a row, but classes names {len(classes)}.\nTry one of:\n"
                "- one name for each column of y\n- y.argmax(-1) if the columns are one-hot classes\n"
                "- y[:, 0] if it is a single column of classes"
            )
        if not classes:
            raise ValueError(f"{name}: labels without class names.\nTry one of:\n- classes=('a', 'b', ...)\n- y=None")
    if y.ndim == 1:
        _check_classes(y, known, name, len(classes) if classes else None, varying)
    else:
        known = (known if known.ndim == 2 else known[:, None]).expand_as(y)
        check_binary(y, known, name, classes)
        if varying:
            _check_both_values(y, known, name, classes)


def _check_classes(y: Tensor, known: Tensor, name: str, number: int | None, varying: bool) -> None:
    bad = known & ((y < 0) | (y != y.round()) | ~y.isfinite() if y.is_floating_point() else y < 0)
    if number is not None:
        bad = bad | known & (y >= number)
    if bad.any():
        row = int(bad.nonzero()[0])
        expected = "integers of 0 or more" if number is None else f"integers from 0 to {number - 1}"
        raise ValueError(
            f"{name}: expected {expected} on labelled rows; {int(bad.sum())} labels are not, the first at row {row}: "
            f"{y[row].item():g}.\nTry one of:\n- classes numbered from 0\n"
            "- labelled=False for the rows whose label is unknown"
        )
    if varying and len(held := y[known].unique()) == 1:
        raise ValueError(
            f"{name}: all {int(known.sum())} labels are {int(held)}; a single class has nothing to be told "
            "apart from.\nTry one of:\n- rows of two classes at least\n- y=None to train without labels"
        )


def _check_both_values(y: Tensor, known: Tensor, name: str, names: tuple[str, ...] | None) -> None:
    one, zero = ((known & (y == value)).any(0) for value in (1, 0))
    if (one ^ zero).any():  # an attribute that no row knows is left to the model
        column = int((one ^ zero).nonzero()[0])
        raise ValueError(
            f"{name}: {_called(column, names)} is {int(one[column])} in all {int(known[:, column].sum())} rows that "
            "know it, and nothing can be learned from a label that never varies.\nTry one of:\n"
            f"- leave column {column} out of y and out of classes\n"
            "- labelled rows that show both values, as data.label_mask draws them\n"
            f"- labelled=False in column {column}, to leave it to the model in every row"
        )


def _called(column: int, names: Sequence[str] | None) -> str:
    return f"attribute {column}" if names is None else f"attribute {names[column]!r}"
