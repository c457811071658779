"""A column of numbers becomes a column of levels, few enough to count: by rank, so that no unit matters."""

import math

import numpy as np

__all__ = ["factor_levels", "is_discrete", "rank_levels"]

ROWS = 5  # expected in each cell of a table: from here on the counted information of independent columns is unbiased


def rank_levels(column: np.ndarray, bins: int) -> np.ndarray:
    r"""Levels of a column by the ranks of its values, at most ``bins`` of them.

    Up to ``bins`` distinct values that 5 rows each share in the mean are a level each. Any other column is cut, into
    fewer than ``bins`` levels where that leaves 5 rows to expect in each cell of a table of two columns: a value that a
    level's share of the rows hold in common, such as the zero of a shut gate, is a level of its own, and the rest are
    cut at equal shares into the levels left.

    Args:
        column: ``[N]``, finite.
        bins: two at least.

    Returns:
        ``[N]`` integers from 0, the same under any strictly increasing change of the values.

    Example:
        >>> rank_levels(np.array([0.1, 0.2, 7.0, 9.0]), 20), rank_levels(np.arange(20) % 4, 20)[:4]
        (array([0, 0, 1, 1]), array([0, 1, 2, 3]))
    """
    distinct, member, count = np.unique(column, return_inverse=True, return_counts=True)
    rows, most = len(column), max(2, min(bins, math.isqrt(len(column) // ROWS)))
    if len(distinct) <= most or (len(distinct) <= bins and len(distinct) * ROWS <= rows):
        return member
    atom = count * most >= rows
    rest = np.where(atom, 0, count)
    middle = (rest.cumsum() - rest / 2) / rest.sum()  # of each value's rows among the rest, in (0, 1)
    cut = atom.sum() + np.floor(middle * (most - atom.sum())).astype(int)
    return np.where(atom, atom.cumsum() - 1, cut)[member]


def is_discrete(column: np.ndarray) -> bool:
    """Whether every value is a whole number.

    Example:
        >>> is_discrete(np.array([0.0, 2.0])), is_discrete(np.array([0.0, 0.5]))
        (True, False)
    """
    return bool(np.array_equal(column, np.round(column)))


def factor_levels(column: np.ndarray, bins: int) -> np.ndarray:
    """Levels ``[N]`` of a factor: its own where it is discrete, by rank where it is continuous.

    Example:
        >>> factor_levels(np.array([3, 5, 5, 9]), 2), factor_levels(np.array([0.1, 0.2, 0.3, 0.4]), 2)
        (array([0, 1, 1, 2]), array([0, 0, 1, 1]))
    """
    return np.unique(column, return_inverse=True)[1] if is_discrete(column) else rank_levels(column, bins)
