"""Codes and true factors of the same rows, checked once: the values, and where a factor had a part."""

import numpy as np
from torch.distributions import Distribution

from ..arrays import Array, as_numpy
from ..matching import as_causes, as_columns

__all__ = ["as_points", "as_truth", "nothing_to_score"]


def as_points(z: Array) -> np.ndarray:
    """Points ``[N, D]`` in float64, each dimension about its mean and within [-1, 1]: trees round to float32.

    Raises:
        ValueError: another shape, NaN, or a distribution.

    Example:
        >>> as_points(np.array([[1e9, 5], [1e9 + 1, 5]]))
        array([[-1.,  0.],
               [ 1.,  0.]])
    """
    if isinstance(z, Distribution):
        raise ValueError(
            f"z: expected points of shape [rows, dimensions], to learn from; got a {type(z).__name__} distribution.\n"
            "Try one of:\n"
            "- z.mean, the codes that are usually scored\n"
            "- z.sample(), one draw for each row\n"
            "- mig or modularity, which take the distribution as it is"
        )
    points = as_columns("z", z).astype(float)
    points -= points.mean(0)
    reach = np.abs(points).max(0)
    return np.divide(points, reach, out=np.zeros_like(points), where=reach > 0)


def as_truth(factors: Array, active: Array | None, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Values ``[N, F]`` and booleans ``[N, F]``: where each factor is active, which is everywhere when not said.

    Raises:
        ValueError: shapes that do not fit, fewer than two rows, or a value that is not finite where it is active.

    Example:
        >>> values, active = as_truth(np.array([[1.0], [np.nan]]), np.array([[True], [False]]), rows=2)
        >>> active.ravel()
        array([ True, False])
    """
    values = as_numpy(factors)
    if values.ndim != 2 or values.shape[1] == 0 or len(values) != rows:
        raise ValueError(
            f"factors: expected true factors of shape [{rows}, factors], a row for each row of z; "
            f"got shape {list(values.shape)}.\n"
            "Try one of:\n"
            "- factors[:, None] for a single factor\n"
            "- the same selection of rows for both"
        )
    if rows < 2:
        raise ValueError(
            f"z: expected two rows at least, for one row tells nothing from another; got {rows}.\n"
            "Try one of:\n"
            "- the codes of a whole split, and its factors"
        )
    here = np.ones(values.shape, dtype=bool) if active is None else as_causes(active, rows)
    if here.shape != values.shape:
        raise ValueError(
            f"active: expected booleans of the shape of factors, {list(values.shape)}; got {list(here.shape)}.\n"
            "Try one of:\n"
            "- present[:, attribute_of_factor], a column for each factor"
        )
    if not np.isfinite(values[here]).all():
        bad = np.flatnonzero((here & ~np.isfinite(values)).any(0)).tolist()
        raise ValueError(
            f"factors: expected finite values where they are active; got NaN or infinity in columns {bad}.\n"
            "Try one of:\n"
            "- active=np.isfinite(factors), where a value is missing because the factor had no part in the row\n"
            "- leave out the rows without a value"
        )
    return values, here


def nothing_to_score(factors: int, need: str) -> ValueError:
    """The error of factors none of which can be scored.

    Example:
        >>> str(nothing_to_score(2, "of two values")).splitlines()[0]
        'factors: expected at least one of the 2 factors to be of two values; got none.'
    """
    return ValueError(
        f"factors: expected at least one of the {factors} factors to be {need}; got none.\n"
        "Try one of:\n"
        "- more rows, or rows of more than one class\n"
        "- factors[:, f], a column for each factor, and not its transpose"
    )
