"""Modularity: does each dimension tell one true factor, and no other?"""

from dataclasses import dataclass

import numpy as np
from torch.distributions import Distribution

from ..arrays import Array
from .factor_information import information_and_entropy

__all__ = ["Modularity", "modularity"]


@dataclass(frozen=True)
class Modularity:
    """Modularity of each of D dimensions. 1: it tells one factor; 0: it tells all alike.

    Attributes:
        dimension: ``[D]``, from 0 to 1; NaN for a dimension that tells next to nothing, which cannot be scored.
        best: ``[D]``, the factor that it tells most of; -1 where it cannot be scored.
        information: ``[D, F]``, nats.
    """

    dimension: np.ndarray
    best: np.ndarray
    information: np.ndarray

    @property
    def score(self) -> float:
        """Mean of ``dimension`` over the dimensions that can be scored; 0 when there is none."""
        scored = self.dimension[self.best >= 0]
        return float(scored.mean()) if len(scored) else 0.0


def modularity(
    z: Array | Distribution, factors: Array, *, bins: int = 20, active: Array | None = None, least: float = 0.05
) -> Modularity:
    r"""Modularity of a code: how much of what a dimension tells is about one factor.

    .. math::
        m_j = 1 - \frac{\sum_{f \ne f_j} I_{jf}^2}{(F - 1)\, I_{j f_j}^2}, \qquad f_j = \arg\max_f I_{jf}

    Copies of a dimension do not lower it (:func:`mig` sees them), nor does a factor that no dimension tells. Of a
    dimension of noise :math:`m_j` would be a ratio of errors: it is left out.

    Args:
        z: ``[N, D]`` points, or a torch distribution, as for :func:`factor_information`, which says how the
            information is measured.
        factors: ``[N, F]``. A column of whole numbers is discrete; any other is cut by rank.
        bins: the most levels of a dimension or a continuous factor.
        active: ``[N, F]`` booleans; each factor is measured on its active rows.
        least: nats of its best factor below which a dimension is left out.

    Raises:
        ValueError: as :func:`factor_information`, or fewer than two factors that take two values.

    References:
        Ridgeway, Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss" (NeurIPS 2018), section 3.
        That dimensions of noise are left out is our choice; the paper does not speak of them.

    Example:
        >>> factors = np.random.default_rng(0).integers(0, 3, (1000, 2))
        >>> result = modularity(factors @ np.array([[1, 0, 1], [0, 1, 10]]), factors)
        >>> result.dimension.round(2).tolist(), result.best[:2]
        ([1.0, 1.0, 0.0], array([0, 1]))
    """
    information, entropy = information_and_entropy(z, factors, bins, active)
    varies = np.flatnonzero(entropy > 0)
    if len(varies) < 2:
        raise ValueError(
            f"factors: expected two factors at least that take two values, for one alone is never mixed with another; "
            f"got {len(varies)}.\n"
            "Try one of:\n"
            "- factors with a column for each factor\n"
            "- mig, sap or dci, which score a single factor"
        )
    told = information[:, varies].clip(min=0)  # an estimate may be below 0 by its error
    most = told.max(1)
    scored = most > least
    rest = (told**2).sum(1) - most**2
    mixed = np.divide(rest, (len(varies) - 1) * most**2, out=np.full(len(told), np.nan), where=scored)
    return Modularity(dimension=1 - mixed, best=np.where(scored, varies[told.argmax(1)], -1), information=information)
