"""How far the best dimension of each factor is ahead of the next."""

import numpy as np

__all__ = ["lead_of_best"]


def lead_of_best(score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Largest less second largest along the dimensions ``[F]``, and where the largest is ``[F]``.

    Args:
        score: ``[D, F]``; a column of NaN is a factor that cannot be scored. A single dimension is ahead of 0.

    Returns:
        the lead, NaN for a factor that cannot be scored, and its dimension, -1 then.

    Example:
        >>> lead_of_best(np.array([[0.75, np.nan], [1.0, np.nan]]))
        (array([0.25,  nan]), array([ 1, -1]))
    """
    ordered = np.sort(np.vstack([np.zeros_like(score[:1]), score]) if len(score) == 1 else score, axis=0)
    return ordered[-1] - ordered[-2], np.where(np.isnan(score).any(0), -1, score.argmax(0))
