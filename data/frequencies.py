"""How often each label is known, and how often it is what it is: counts for a table, frequencies for a prior."""

import torch
from torch import Tensor

from .dataset import DataSet
from .kept import kept_labels

__all__ = ["label_counts", "label_frequencies"]


def label_counts(data: DataSet) -> Tensor | None:
    """How many training rows are known to have each label.

    Args:
        data: labelled with classes ``[N]`` or binary attributes ``[N, L]``, each known of a row or not.

    Returns:
        Integers, of K classes ``[K]``, the rows of each; of L attributes, ``[L, 2]``, the rows known to lack and to
        have each. None for a Dataset read from disk that does not keep the labels of all rows (see `DataSet`).

    Raises:
        ValueError: if the training rows have no labels, or several label sites.

    Example:
        >>> from pellucid.data import smiley
        >>> label_counts(smiley(rows=100, validation=1, test=1, labels=20)).sum(1)
        tensor([20, 20, 20, 20])
    """
    kept = kept_labels(data.train)
    if kept is None:
        return None
    y, labelled = kept
    if not isinstance(y, Tensor) or isinstance(labelled, dict):
        given = "has none" if y is None else f"has the sites {', '.join(map(str, y))}"
        raise ValueError(
            f"data: expected training labels [N] or [N, L]; {data.name} {given}.\nTry one of:\n"
            "- labels=0 instead of y=None, for rows whose labels exist and are withheld\n"
            "- a DataSet of a single label site"
        )
    known = torch.ones_like(y, dtype=torch.bool) if labelled is None else labelled
    if y.ndim == 1:
        return y[known].long().bincount(minlength=len(data.classes))
    known = (known if known.ndim == 2 else known[:, None]).expand_as(y)
    return torch.stack([(known & (y == value)).sum(0) for value in (0, 1)], -1)


def label_frequencies(data: DataSet) -> Tensor:
    r"""The share of each label among the training rows that are known to have one or another: p(y) of a prior.

    Of a class with n rows of N among K, and of an attribute that n of its N rows have (K = 2),

    .. math:: \hat p = \frac{n + 1}{N + K},

    Laplace's rule of succession: never 0 or 1, and uniform where nothing is known.

    Args:
        data: as for `label_counts`.

    Returns:
        Floats on the CPU, of K classes ``[K]``, summing to 1; of L attributes, ``[L]``, the share that has each.
        Uniform for a Dataset read from disk that does not keep the labels of all rows.

    Raises:
        ValueError: as `label_counts`.

    Example:
        >>> from pellucid.data import digits
        >>> label_frequencies(digits(labels=0))
        tensor([0.1000, 0.1000, 0.1000, 0.1000, 0.1000, 0.1000, 0.1000, 0.1000, 0.1000,
                0.1000])
    """
    counts = label_counts(data)
    if counts is None:
        counts = torch.zeros((len(data.classes), 2) if data.attributes else (len(data.classes),))
    share = (counts + 1) / (counts + 1).sum(-1, keepdim=True)
    return share[:, 1] if data.attributes else share
