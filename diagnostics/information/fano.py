"""How well any classifier can do with a given amount of information."""

import math

import numpy as np

from ..arrays import Array, as_numpy

__all__ = ["fano_bound"]


def fano_bound(information: float, y: Array) -> float:
    r"""The least error rate of any classifier that knows of a row no more than so many nats.

    .. math:: P_e \ge \frac{H(y) - I(x; z) - \log 2}{\log |Y|}

    :math:`I(x; z)` is at most :math:`\sum_j I(x; z_j)` where the dimensions of a row's posterior are independent, so
    that the sum over the dimensions kept bounds it too. With few classes the bound says little: it is 0 for two.

    Args:
        information: nats, not negative.
        y: ``[N]``, labels, whose shares give H(y).

    Returns:
        A share of rows, not below 0.

    Raises:
        ValueError: for negative or NaN information, or labels of a single class.

    References:
        Cover and Thomas, Elements of Information Theory, theorem 2.10.1; Liu et al., arXiv 1809.01804, theorem 3.

    Example:
        >>> round(fano_bound(0.0, np.arange(10)), 3)
        0.699
    """
    count = np.unique(as_numpy(y), return_counts=True)[1]
    if not information >= 0 or as_numpy(y).ndim != 1 or len(count) < 2:
        raise ValueError(
            "fano_bound: expected information of at least 0 nats and labels [N] of two classes or more; given "
            f"{information} and labels {list(as_numpy(y).shape)} of {len(count)} class{'es' * (len(count) != 1)}.\n"
            "Try one of:\n- mutual_information(posterior).value[kept].sum()"
        )
    share = count / count.sum()
    entropy = -(share * np.log(share)).sum()
    return max(0.0, float((entropy - information - math.log(2)) / math.log(len(count))))
