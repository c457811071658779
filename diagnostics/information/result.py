"""What is known of each dimension's information."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Information"]


@dataclass(frozen=True)
class Information:
    """I(x; z_j) of each of D dimensions, in nats.

    Attributes:
        value: ``[D]``. Of the exact methods, between 0 and the logarithm of the number of rows.
        standard_error: ``[D]``, for rows drawn independently of each other; 0 from a single row.
        rows: how many.
        method: how it was computed.
    """

    value: np.ndarray
    standard_error: np.ndarray
    rows: int
    method: str
