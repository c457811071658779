"""Rows to learn from and rows held out, for each true factor."""

from collections.abc import Iterator

import numpy as np

from .truth import nothing_to_score

__all__ = ["learn_and_test"]


def learn_and_test(values: np.ndarray, here: np.ndarray, seed: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Each factor's number, the active rows to learn it from, and those to score it on.

    Of each three rows that are next to each other by the factor's value, one drawn at random is held out, so that both
    parts have each value in proportion. Left out are factors active on
    fewer than 6 rows, or of one value in either part.

    Args:
        values: ``[N, F]``.
        here: ``[N, F]`` booleans, where each is active.
        seed: of the draws, and of the order among equal values.

    Raises:
        ValueError: no factor is left.

    Example:
        >>> values = np.array([[3, 1, 2, 6, 5, 4]]).T
        >>> next(learn_and_test(values, values > 0, seed=0))
        (0, array([2, 0, 4, 3]), array([1, 5]))
    """
    random, scored = np.random.default_rng(seed), 0
    for f, (value, present) in enumerate(zip(values.T, here.T, strict=True)):
        rows = random.permutation(np.flatnonzero(present))
        rows = rows[np.argsort(value[rows], kind="stable")]
        third = 3 * np.arange(len(rows) // 3) + random.integers(0, 3, len(rows) // 3)
        learn, test = np.delete(rows, third), rows[third]
        if len(rows) >= 6 and np.ptp(value[learn]) > 0 and np.ptp(value[test]) > 0:
            scored += 1
            yield f, learn, test
    if not scored:
        raise nothing_to_score(here.shape[1], "active on 6 rows or more, with several values")
