"""Which latent dimension goes with which true cause: by when it is active, and by the value it holds."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .arrays import Array, as_numpy

__all__ = ["Matching", "active_matching", "factor_matching"]


@dataclass(frozen=True)
class Matching:
    """How well each of D dimensions tells each of K true causes. 1 is perfect, 0 is chance.

    The best of many dimensions is chosen on one half of the rows and its score read from the other half, then the
    other way round, and the two are averaged: a best chosen and read on the same rows would be above chance for pure
    noise, and the more so the more dimensions there are.

    Attributes:
        matrix: ``[K, D]``, the score of each pair on all rows; NaN for a cause that the rows cannot score.
        cause_score: ``[K]``, held-out score of the best dimension for each cause: is the cause found?
        dimension_score: ``[D]``, held-out score of the best cause for each dimension: does the dimension mean one?
        best_dimension: ``[K]``, where ``matrix`` is largest along D; -1 for a cause that the rows cannot score.
        best_cause: ``[D]``, where it is largest along K.
    """

    matrix: np.ndarray
    cause_score: np.ndarray
    dimension_score: np.ndarray
    best_dimension: np.ndarray
    best_cause: np.ndarray

    @property
    def score(self) -> float:
        """Mean of ``cause_score`` over the causes that can be scored. More dimensions, or copies, do not raise it."""
        return float(np.nanmean(self.cause_score))

    @property
    def purity(self) -> float:
        """Mean of ``dimension_score``. It speaks of the dimensions given: leave out those that are not used."""
        return float(self.dimension_score.mean())


def active_matching(activity: Array, active: Array) -> Matching:
    r"""Does a dimension open when a cause is active, and stay shut when it is not?

    A pair's score is the area under the ROC curve of the dimension's activity :math:`a_j` as a detector of the cause
    :math:`s_l`, from -1 to 1 (Somers' D), and a difference of mean ranks, ties at their middle:

    .. math::
        G_{lj} = 2\,\mathrm{AUC} - 1 = P(a_j > a_j') - P(a_j < a_j') = \tfrac2N (\bar r_{lj}^{+} - \bar r_{lj}^{-})

    for a row with the cause and a row (primed) without it. Only the order of activities counts, so that gates, nats
    and distances compare. Why it is the right score:

    - for a gate that is either open or shut, :math:`G_{lj} = P(\text{open} \mid s_l) - P(\text{open} \mid \neg s_l)`,
      sensitivity + specificity - 1: 1 if and only if the dimension opens exactly with the cause; p if it opens on a
      share p of the cause's rows and on no other; 0 if it is always open, or opens regardless of the cause; negative
      if it opens in the cause's absence;
    - for independent causes of probability 1/2, these are the Fourier coefficients of the gate, and
      :math:`\sum_l G_{lj}^2 \le 1` (Parseval): one dimension cannot be credited with two causes in full, so dimensions
      need not be assigned one to one, and a cause may have several.

    On graded activities the order counts however slight: gates of .95 and .99 on two kinds of rows score 1, though both
    are open. That says whether a cause *could* be read off; for whether dimensions *switch*, give zeros and ones by one
    rule for all dimensions. Causes that occur together are told by the same dimension: give one column for all factors
    that are active together.

    Args:
        activity: ``[N, D]``, larger when more active: ``gate > 0.5`` of a sparse code. A dense code has no gate, and as
            a control should have the kindest rule: the posterior's ``-scale``, which falls back to the prior's where a
            dimension says nothing of a row, the row's KL to the prior, or ``abs(z - z.mean(0))``; graded, or above the
            threshold that is best on validation rows.
        active: ``[N, K]`` booleans, whether each cause is active. One that is the same on all rows, or differs on a
            single one, cannot be scored.

    Raises:
        ValueError: shapes that do not fit, values not finite, ``active`` not boolean, or no cause that can be scored.

    References:
        Somers, A new asymmetric measure of association for ordinal variables (1962); Tonolini, Jensen, Murray-Smith,
        "Variational Sparse Coding" (UAI 2019): faces with known causes. The score is our choice.

    Example:
        >>> active = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 2, dtype=bool)
        >>> gate = np.where(active, 0.9, 0.1)[:, [1, 0, 1]]
        >>> matching = active_matching(gate, active)
        >>> matching.score, matching.best_dimension, matching.best_cause
        (1.0, array([1, 0]), array([1, 0, 1]))
    """
    from scipy.stats import rankdata

    values, causes = as_columns("activity", activity), as_causes(active, len(activity))

    def scores(on: np.ndarray, off: np.ndarray) -> np.ndarray:
        rank = rankdata(values[np.concatenate([on, off])], axis=0)
        return 2 / len(rank) * (rank[: len(on)].mean(0) - rank[len(on) :].mean(0))

    def halves_and_whole() -> Iterator[list[np.ndarray] | None]:
        for present in causes.T:
            on, off = np.flatnonzero(present), np.flatnonzero(~present)
            scored = min(len(on), len(off)) >= 2
            yield [scores(on[::2], off[::2]), scores(on[1::2], off[1::2]), scores(on, off)] if scored else None

    return matched(halves_and_whole(), values.shape, "present on 2 rows and absent on 2")


def factor_matching(code: Array, values: Array, active: Array) -> Matching:
    r"""Does a dimension tell a factor's value, where the factor is active?

    A pair's score is the squared rank correlation of code and value over the n rows on which the factor is active
    (elsewhere its value left no mark), corrected for its mean under chance, which is exactly :math:`1 / (n - 1)`:

    .. math::
        R_{fj} = 1 - \big(1 - \rho_{fj}^2\big) \frac{n - 1}{n - 2}, \qquad
        \rho_{fj} = \mathrm{corr}\big(\mathrm{rank}(z_j), \mathrm{rank}(v_f)\big)

    It is 1 if and only if turning the dimension turns the factor one way, on whatever scale and in either direction:
    what a traversal lets a reader see. Factors that are independent and active together share one dimension's ranks,
    :math:`\sum_f \rho_{fj}^2 \le 1` (Bessel), so that two factors mixed in one dimension are credited half each. A
    constant dimension scores 0.

    Args:
        code: ``[N, D]``, such as posterior means; gate times mean for a sparse code.
        values: ``[N, F]`` factors; anything, NaN included, where they are not active.
        active: ``[N, F]`` booleans. A factor active on fewer than 6 rows, or of one value only, cannot be scored.

    Raises:
        ValueError: shapes that do not fit, values not finite where active, or no factor that can be scored.

    References:
        Spearman, The proof and measurement of association between two things (1904). The score is our choice.

    Example:
        >>> values = np.random.default_rng(0).random((100, 2))
        >>> matching = factor_matching(-np.exp(values[:, [1, 0]]), values, np.ones((100, 2), dtype=bool))
        >>> matching.score, matching.best_dimension
        (1.0, array([1, 0]))
    """
    from scipy.stats import rankdata

    codes, causes = as_columns("code", code), as_causes(active, len(code))
    truth = as_numpy(values)
    if truth.shape != causes.shape or not np.isfinite(truth[causes]).all():
        raise ValueError(
            f"values: expected the factors' values of shape {list(causes.shape)} as active, finite where active; got "
            f"shape {list(truth.shape)}.\n"
            "Try one of:\n"
            '- data.factors["test"].values and .active, of the rows of code\n'
            "- active=False where a value is not known"
        )

    def scores(rows: np.ndarray, value: np.ndarray) -> np.ndarray:
        rank, target = rankdata(codes[rows], axis=0), rankdata(value[rows])
        rank, target = rank - rank.mean(0), target - target.mean()
        spread = (rank**2).sum(0)
        squared = np.divide(
            (target @ rank) ** 2, spread * (target @ target), out=np.zeros_like(spread), where=spread > 0
        )
        n = len(rows)
        return np.where(spread > 0, 1 - (1 - squared) * (n - 1) / (n - 2), 0.0)

    def halves_and_whole() -> Iterator[list[np.ndarray] | None]:
        for value, present in zip(truth.T, causes.T, strict=True):
            rows = np.flatnonzero(present)
            parts = [rows[::2], rows[1::2], rows]
            scored = len(rows) >= 6 and all(np.ptp(value[part]) > 0 for part in parts)
            yield [scores(part, value) for part in parts] if scored else None

    return matched(halves_and_whole(), codes.shape, "active on 6 rows or more, with several values")


def matched(parts: Iterator[list[np.ndarray] | None], shape: tuple[int, ...], need: str) -> Matching:
    """The matching from each cause's scores ``[D]`` on two halves of the rows and on all; ``None``: not scored."""
    found, (rows, dimensions) = list(parts), shape
    causes = len(found)
    scored = np.array([part is not None for part in found])
    if not scored.any():
        raise ValueError(
            f"active: expected at least one of the {causes} causes to be {need}; got none in {rows} rows.\n"
            "Try one of:\n"
            "- more rows\n"
            "- active[:, k], a column for each cause, and not its transpose"
        )
    first, second, whole = np.stack([part for part in found if part is not None], 1)
    matrix, cause_score = np.full((causes, dimensions), np.nan), np.full(causes, np.nan)
    best_dimension = np.full(causes, -1)
    matrix[scored], cause_score[scored] = whole, held_out(first, second)
    best_dimension[scored] = whole.argmax(1)
    return Matching(
        matrix=matrix,
        cause_score=cause_score,
        dimension_score=held_out(first.T, second.T),
        best_dimension=best_dimension,
        best_cause=np.flatnonzero(scored)[whole.argmax(0)],
    )


def held_out(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Along the last axis, the place of the largest in one array read in the other; the mean of both ways round."""
    row = np.arange(len(first))
    return (second[row, first.argmax(1)] + first[row, second.argmax(1)]) / 2


def as_columns(name: str, value: Array) -> np.ndarray:
    """Finite numbers ``[N, D]``, or a ValueError that names them."""
    columns = as_numpy(value)
    if columns.ndim != 2 or columns.size == 0 or not np.isfinite(columns).all():
        raise ValueError(
            f"{name}: expected finite numbers of shape [rows, dimensions], none of them empty; "
            f"got shape {list(columns.shape)}, {int((~np.isfinite(columns)).sum())} values not finite.\n"
            "Try one of:\n"
            f"- {name}[:, None] for a single dimension\n"
            f"- {name}[:, used], with one dimension used or more\n"
            "- look for NaN in the guide's output: the run may have diverged"
        )
    return columns


def as_causes(active: Array, rows: int) -> np.ndarray:
    """Booleans ``[N, K]``, from booleans or zeros and ones."""
    causes = as_numpy(active)
    if causes.ndim != 2 or causes.shape[1] == 0 or len(causes) != rows or not np.isin(causes, (0, 1)).all():
        raise ValueError(
            f"active: expected booleans of shape [{rows}, causes], a row for each row of the code; "
            f"got shape {list(causes.shape)} of {causes.dtype}.\n"
            "Try one of:\n"
            "- active[:, None] for a single cause\n"
            "- y[:, None] == np.arange(classes) for labels of classes\n"
            "- the same selection of rows for both"
        )
    return causes.astype(bool)
