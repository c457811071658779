"""What one draw says of every label by itself: the log-densities that the bounds are made of."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.distributions import Normal

from ...distributions import elements
from ..objective import Site

__all__ = ["KnownLabels", "LabelTerms", "by_label", "known_labels", "of_labels", "read_labels", "under_values"]


class KnownLabels(NamedTuple):
    """G labels of B rows: L binary ones, or the one of several classes.

    Attributes:
        values: the V values that a label may have, as
            :func:`~pellucid.inference.characteristic.in_place.pure_values` gives them.
        index: which of them it has, ``[B, G]``; 0 where not known.
        known: boolean ``[B, G]``.
    """

    values: Tensor
    index: Tensor
    known: Tensor

    @property
    def classes(self) -> bool:
        """Whether it is one label of several classes."""
        return self.values.dim() == 2


class LabelTerms(NamedTuple):
    """Log-densities of G labels with V values, in nats.

    Attributes:
        prior: log p(c_g | y_g = v), ``[V, B, G]``.
        label: log p(y_g = v), ``[V, B, G]``.
        code: log q(c_g | x), ``[B, G]``.
        classified: log q(y_g = v | c), ``[V, B, G]``.
        labels: the known ones.
    """

    prior: Tensor
    label: Tensor
    code: Tensor
    classified: Tensor
    labels: KnownLabels

    def at_label(self, term: Tensor) -> Tensor:
        """A term ``[V, B, G]`` at the known value, ``[B, G]``."""
        return term.gather(0, self.labels.index[None])[0]


def known_labels(values: Tensor, x: Tensor, y: Tensor | None, labelled: Tensor | None) -> KnownLabels:
    """The labels of a batch.

    Args:
        values: that a label may have.
        x: ``[B, ...]``.
        y: sanitised, ``[B]`` or ``[B, L]``; None if no label is known.
        labelled: boolean mask ``[B]`` or ``[B, L]``; None if all are.
    """
    shape = (len(x), values[0].numel())
    if y is None:
        index = torch.zeros(shape, dtype=torch.long, device=x.device)
        return KnownLabels(values, index, torch.zeros_like(index, dtype=torch.bool))
    index = y.reshape(shape).long()
    known = torch.ones_like(index, dtype=torch.bool) if labelled is None else labelled.reshape(len(x), -1).expand(shape)
    return KnownLabels(values, index, known)


def by_label(term: Tensor, labels: KnownLabels) -> Tensor:
    """A sum over the block of each label: ``[..., B, C]`` to ``[..., B, G]``."""
    return term.unflatten(-1, (labels.index.shape[1], -1)).sum(-1)


def under_values(prior: Any, labels: KnownLabels, term: Callable[[Any], Tensor]) -> Tensor:
    r"""A term of every block of the code under each value of its label, ``[V, B, G]``.

    The block of a class hangs on whether the class is its own, so that two terms a block are enough:

    .. math:: \sum_j t_j(k) = \sum_j t_j(\text{off}) + t_k(\text{on}) - t_k(\text{off})

    Args:
        prior: p(c | y) at the pure values, a Normal over elements ``[V, B, C]``, the same for all rows.
        labels: of the batch.
        term: of such a Normal, by element: ``[V, B, C]``.
    """
    if not labels.classes:
        return by_label(term(prior), labels)
    classes = len(labels.values)
    table = (each[:, 0].reshape(classes, classes, -1) for each in (prior.loc, prior.scale))
    ends = (torch.stack([each.roll(1, 0).diagonal(), each.diagonal()]).mT.flatten(1)[:, None] for each in table)
    off, on = term(Normal(*ends, validate_args=False)).unflatten(-1, (classes, -1)).sum(-1)
    return (off.sum(-1, keepdim=True) + on - off).T[..., None]


def of_labels(fn: Any, labels: KnownLabels) -> Tensor:
    """Log-probabilities of the pure values, ``[V, B, G]``, of a distribution of single labels."""
    shape = (len(labels.values), *labels.index.shape)
    return fn.log_prob(labels.values).reshape(shape[0], -1, shape[2]).expand(shape)


def read_labels(prior: Site, label: Site, code: Site, classified: Any, labels: KnownLabels) -> LabelTerms:
    """The terms of every label.

    Args:
        prior: the model's site of the code, replayed at the pure values.
        label: the model's label site.
        code: the guide's site of the code.
        classified: q(y | c) at the code's value, its labels single elements.
        labels: of the batch.
    """
    return LabelTerms(
        prior=under_values(elements(prior["fn"]), labels, lambda p: p.log_prob(code["value"])),
        label=of_labels(elements(label["fn"]), labels),
        code=by_label(elements(code["fn"]).log_prob(code["value"]), labels),
        classified=of_labels(classified, labels),
        labels=labels,
    )
