"""Whether a classifier is right as often as it says."""

from dataclasses import dataclass

import numpy as np

from .arrays import Array, as_label, as_numpy

__all__ = ["Calibration", "calibration_error"]


@dataclass(frozen=True)
class Calibration:
    """Confidence against success, in bins of equal width.

    Attributes:
        error: expected calibration error, in [0, 1]; 0 is perfect.
        confidence: ``[bins]``, mean probability of the class that is said; NaN in an empty bin.
        accuracy: ``[bins]``, how often it is right; NaN in an empty bin.
        rows: ``[bins]``.
        chance: mean error of guesses of these confidences that are right exactly as often as they say: what of the
            error is due to the number of rows.
    """

    error: float
    confidence: np.ndarray
    accuracy: np.ndarray
    rows: np.ndarray
    chance: float


def calibration_error(probability: Array, y: Array, bins: int = 15) -> Calibration:
    r"""Expected calibration error of the class that a classifier says.

    .. math::
        \mathrm{ECE} = \sum_b \frac{N_b}{N} \Big| \frac1{N_b} \sum_{n \in b} [\hat y_n = y_n] - \hat p_n \Big|, \qquad
        \hat p_n = \max_k p_{nk} \in \Big( \frac{b - 1}{B}, \frac bB \Big]

    It is never below 0, and therefore above it, where rows are few, even of a classifier that is right as often as it
    says: ``chance`` is its expectation for :math:`[\hat y_n = y_n] \sim \mathrm{Bernoulli}(\hat p_n)`, by convolution.
    A classifier that always says how frequent the classes are is calibrated too: read the accuracy beside it.

    Args:
        probability: ``[N, K]``, of the classes of each row; ``[N]``, that a binary label is 1.
        y: ``[N]``, the true classes.
        bins: B.

    Raises:
        ValueError: probabilities of another shape, outside [0, 1], or whose rows do not sum to 1; labels of no class;
            fewer than one bin.

    References:
        Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks" (ICML 2017), eq. 3.

    Example:
        >>> calibration_error(np.array([0.75, 0.75, 0.75, 0.75]), np.array([1, 1, 1, 1])).error
        0.25
    """
    given = as_numpy(probability).astype(float)
    p = np.stack([1 - given, given], 1) if given.ndim == 1 else given
    fits = p.ndim == 2 and p.size > 0 and bool(((p >= 0) & (p <= 1)).all())
    if not fits or not np.allclose(p.sum(1), 1, atol=1e-4) or bins < 1:
        raise ValueError(
            f"probability: expected rows of probabilities that sum to 1, shape [N, K], or [N] of a binary label, and 1 "
            f"bin or more; got shape {list(given.shape)} and {bins} bins.\n"
            "Try one of:\n"
            "- logits.softmax(-1) for classes\n"
            "- logits[:, i].sigmoid() for one of several attributes"
        )
    label = as_label(y, len(p)).cpu().numpy()
    if not np.isin(label, np.arange(p.shape[1])).all():
        raise ValueError(
            f"y: expected classes from 0 to {p.shape[1] - 1}; got {label.min()} to {label.max()}.\n"
            "Try one of:\n- y numbered from 0"
        )
    said, right = p.max(1), p.argmax(1) == label
    index = np.clip(np.ceil(said * bins).astype(int) - 1, 0, bins - 1)
    rows = np.bincount(index, minlength=bins)

    def mean(value: np.ndarray) -> np.ndarray:
        total = np.bincount(index, weights=value, minlength=bins)
        return np.divide(total, rows, out=np.full(bins, np.nan), where=rows > 0)

    confidence, accuracy = mean(said), mean(right.astype(float))
    gap = np.nan_to_num(np.abs(accuracy - confidence))
    chance = sum(deviation(said[index == b]) for b in np.flatnonzero(rows)) / len(p)
    return Calibration(float((rows * gap).sum() / len(p)), confidence, accuracy, rows, chance)


def deviation(p: np.ndarray) -> float:
    """Mean absolute deviation of the number of successes from its mean, for trials with probabilities ``[n]``.

    Example:
        >>> deviation(np.array([0.5, 0.5]))  # 0, 1 or 2 of them
        0.5
    """
    law = np.ones(1)  # of the number of successes so far
    for each in p:
        law = np.append(law * (1 - each), 0.0) + np.append(0.0, law * each)
    return float(law @ np.abs(np.arange(len(law)) - p.sum()))
