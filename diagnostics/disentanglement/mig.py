"""Mutual information gap: is each true factor told by one dimension, and by no other?"""

from dataclasses import dataclass

import numpy as np
from torch.distributions import Distribution

from ..arrays import Array
from .factor_information import information_and_entropy
from .gap import lead_of_best
from .truth import nothing_to_score

__all__ = ["MIG", "mig"]


@dataclass(frozen=True)
class MIG:
    """Mutual information gap of each of F factors. 1: one dimension tells it whole, the others nothing.

    Attributes:
        gap: ``[F]``, from 0 to 1; NaN for a factor of one value, which cannot be scored.
        best: ``[F]``, the dimension that tells most of it; -1 where it cannot be scored.
        information: ``[D, F]``, nats.
        entropy: ``[F]``, nats, of the factor's levels.
    """

    gap: np.ndarray
    best: np.ndarray
    information: np.ndarray
    entropy: np.ndarray

    @property
    def score(self) -> float:
        """Mean of ``gap`` over the factors that can be scored."""
        return float(np.nanmean(self.gap))


def mig(z: Array | Distribution, factors: Array, *, bins: int = 20, active: Array | None = None) -> MIG:
    r"""Mutual information gap of a code and the true factors.

    .. math::
        \mathrm{MIG} = \frac1F \sum_f \frac{I(v_f; z_{j_1}) - I(v_f; z_{j_2})}{H(v_f)}

    with :math:`j_1, j_2` the two dimensions that tell most of factor f; with one dimension, the second tells 0. Several
    factors in one dimension do not lower it (:func:`modularity` sees them).

    Args:
        z: ``[N, D]`` points, or a torch distribution, as for :func:`factor_information`, which says how the
            information is measured.
        factors: ``[N, F]``. A column of whole numbers is discrete; any other is cut by rank.
        bins: the most levels of a dimension or a continuous factor.
        active: ``[N, F]`` booleans; each factor is measured on its active rows.

    Raises:
        ValueError: as :func:`factor_information`, or no factor that takes two values.

    References:
        Chen, Li, Grosse, Duvenaud, "Isolating Sources of Disentanglement in VAEs" (NeurIPS 2018), eq. 6.

    Example:
        >>> factors = np.random.default_rng(0).integers(0, 4, (1000, 2))
        >>> result = mig(np.exp(factors[:, [1, 0]]), factors)
        >>> round(result.score, 2), result.best
        (1.0, array([1, 0]))
    """
    information, entropy = information_and_entropy(z, factors, bins, active)
    varies = entropy > 0  # false for NaN
    if not varies.any():
        raise nothing_to_score(len(entropy), "active on rows of two values or more")
    gap, best = lead_of_best(np.where(varies, information, np.nan) / np.where(varies, entropy, 1))
    return MIG(gap=gap, best=best, information=information, entropy=entropy)
