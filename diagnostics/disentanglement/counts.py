"""Entropy and information of counted levels, corrected for the number of rows."""

import numpy as np

__all__ = ["counted_entropy", "counted_information", "plug_in_entropy"]


def counted_entropy(level: np.ndarray) -> float:
    r"""Entropy of one column of levels, in nats: :math:`\psi(n) - \frac1n \sum_a n_a \psi(n_a)`.

    Args:
        level: ``[N]`` integers from 0.

    References:
        Grassberger, "Finite sample corrections to entropy and dimension estimates", Physics Letters A 128 (1988).

    Example:
        >>> round(counted_entropy(np.arange(10_000) % 4), 3), counted_entropy(np.zeros(7, dtype=int))
        (1.386, 0.0)
    """
    return float(mean_log(np.array([len(level)])) - mean_log(np.bincount(level)))


def plug_in_entropy(level: np.ndarray) -> float:
    """Entropy of the shares of the levels themselves, in nats, not corrected for the number of rows.

    Args:
        level: ``[N]`` integers from 0.

    Example:
        >>> round(plug_in_entropy(np.arange(100) % 4), 3)
        1.386
    """
    share = np.unique(level, return_counts=True)[1] / len(level)
    return float(-(share * np.log(share)).sum())


def counted_information(levels: np.ndarray, level: np.ndarray) -> np.ndarray:
    r"""Mutual information of each of D columns of levels with one more, in nats: the three entropies' balance.

    Args:
        levels: ``[N, D]`` integers from 0.
        level: ``[N]`` integers from 0.

    Returns:
        ``[D]``.

    Example:
        >>> level = np.arange(1000) % 2
        >>> counted_information(np.stack([level, np.zeros(1000, dtype=int)], 1), level).round(3)
        array([0.694, 0.   ])
    """
    (rows, columns), a, b = levels.shape, int(levels.max()) + 1, int(level.max()) + 1
    cell = (np.arange(columns) * a + levels) * b + level[:, None]
    table = np.bincount(cell.ravel(), minlength=columns * a * b).reshape(columns, a, b)
    both, each, one = table.reshape(columns, -1), table.sum(2), table[0].sum(0)
    return mean_log(np.array([rows])) + mean_log(both) - mean_log(each) - mean_log(one)


def mean_log(count: np.ndarray) -> np.ndarray:
    r""":math:`\frac1n \sum_a n_a \psi(n_a)` over the last axis, :math:`n = \sum_a n_a`; an empty cell adds nothing."""
    from scipy.special import digamma

    return (count * digamma(np.maximum(count, 1))).sum(-1) / count.sum(-1)
