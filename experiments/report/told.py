"""What each dimension of a code tells: which image it codes, and of which class that is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...diagnostics import (
    Information,
    LabelInformation,
    SparsityIdentity,
    drawn_information,
    information_bounds,
    label_information,
    mutual_information,
    sparsity_identity,
)
from ...diagnostics.information.bounds import taken
from ...inference import Run
from .code import Code, moments
from .fixed_prior import fixed_prior
from .joined import joined
from .partition import Partition

__all__ = ["Told", "read_told"]


@dataclass(frozen=True)
class Told:
    """D dimensions over N rows, in nats.

    Attributes:
        image: I(x; z_j).
        exact: whether that is exact; else a lower bound, by draws: the information of a bin of the code, or InfoNCE
            where the posterior has a density that no quadrature here knows.
        variance: ``[D]``, of the codes of all rows together.
        of_class: ``[D]``, I(y; z_j) for rows parted into classes; None without classes, and where not exact.
        share: ``[D]``, part of the entropy of the class that a dimension tells, I(y; z_j) / H(y); of several
            attributes, of the one that it tells best. None without labels, and where not exact.
        identity: the cost of the code taken apart, where its prior is one for all rows.
    """

    image: Information
    exact: bool
    variance: np.ndarray
    of_class: np.ndarray | None = None
    share: np.ndarray | None = None
    identity: SparsityIdentity | None = None


def read_told(run: Run, code: Code, parts: Sequence[Partition]) -> Told:
    """What the dimensions of a code tell of the rows given.

    Args:
        run: whose prior the code has.
        code: over N rows.
        parts: partitions of the N rows, maybe none.
    """
    mean, scale = moments(code.marginal)
    variance = (scale.double().square().mean(0) + mean.double().var(0, correction=0)).numpy()
    if code.draws is not None:
        return Told(drawn_information(code.draws), exact=False, variance=variance)
    if not code.closed:
        bounds = information_bounds(code.marginal)
        least = Information(bounds.lower.clip(min=0), bounds.lower_error, len(mean), "InfoNCE")
        return Told(least, exact=False, variance=variance)
    labels = [of_label(code, part) for part in parts]
    priors = [fixed_prior(run, part.site) for part in code.each]
    prior = None if any(each is None for each in priors) else joined([each for each in priors if each is not None])
    return Told(
        image=mutual_information(code.marginal),
        exact=True,
        variance=variance,
        of_class=labels[0].value if [part.name for part in parts] == ["class"] else None,
        share=np.max([each.value / each.entropy for each in labels], 0) if labels else None,
        identity=None if prior is None else sparsity_identity(code.marginal, prior=prior),
    )


def of_label(code: Code, part: Partition) -> LabelInformation:
    """What the dimensions tell of the labels of one partition, on the rows that have one."""
    q = code.marginal if bool(part.known.all()) else taken(code.marginal, part.known.nonzero()[:, 0])
    return label_information(q, part.y[part.known])
