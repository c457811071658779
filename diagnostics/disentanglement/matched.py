"""Which true factors a code has found: one dimension for each, beside what chance would find."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch.distributions import Distribution

from ..arrays import Array, as_numpy
from .factor_information import information_and_entropy
from .truth import nothing_to_score

__all__ = ["FoundFactors", "match_factors"]


@dataclass(frozen=True)
class FoundFactors:
    """True factors and the dimensions assigned to them, one to one. As text, a table of the factors.

    Attributes:
        names: the F factors.
        dimension: ``[F]``, the dimension assigned; -1 where there was none left, or the factor takes one value only.
        information: ``[F]``, nats that it tells of the factor; NaN where there is none.
        entropy: ``[F]``, nats of the factor.
        chance: ``[F]``, the most nats of any dimension under rows put in another order; NaN for a factor of one value.
        rows: ``[F]``, on how many the factor is active.
        found: ``[F]``, whether the share is ``least`` or more, and the information above chance.
        least: the share asked for.
    """

    names: tuple[str, ...]
    dimension: np.ndarray
    information: np.ndarray
    entropy: np.ndarray
    chance: np.ndarray
    rows: np.ndarray
    found: np.ndarray
    least: float

    @property
    def share(self) -> np.ndarray:
        """``[F]``, information over entropy: how much of the factor the dimension tells."""
        return np.divide(
            self.information, self.entropy, out=np.full(len(self.names), np.nan), where=self.dimension >= 0
        )

    def __str__(self) -> str:
        width = max(6, *map(len, self.names))
        lines = [f"{'factor':<{width}}  dimension   nats  of entropy  by chance   rows  found"]
        for f in np.argsort(-np.nan_to_num(self.share, nan=-np.inf), kind="stable"):
            told = (f"{self.dimension[f]}", f"{self.information[f]:.2f}", f"{self.share[f]:.1%}")
            dimension, nats, share = told if self.dimension[f] >= 0 else "---"
            chance = "-" if np.isnan(self.chance[f]) else f"{self.chance[f]:.2f}"
            lines.append(
                f"{self.names[f]:<{width}}  {dimension:>9}  {nats:>5}  {share:>10}  {chance:>9}  {self.rows[f]:5d}  "
                f"{'yes' if self.found[f] else 'no':>5}"
            )
        return "\n".join([*lines, f"{self.found.sum()} of {len(self.names)} found"])


def match_factors(
    z: Array | Distribution,
    factors: Array,
    names: Sequence[str],
    *,
    bins: int = 20,
    active: Array | None = None,
    least: float = 0.1,
    permutations: int = 20,
    seed: int = 0,
) -> FoundFactors:
    r"""Assigns a dimension to each true factor, and says which factors were found.

    .. math::
        \max_{\pi \text{ one to one}} \sum_f \frac{I(v_f; z_{\pi(f)})}{H(v_f)}

    A factor is found when its dimension tells a share ``least`` of its entropy, and more nats than any dimension tells
    of it in any of the permutations of its values among its active rows: by chance alone that happens to a factor with
    probability 1 / (``permutations`` + 1). Of a continuous factor in 20 levels a share of .1 is :math:`\tfrac12 \log
    \tfrac{1}{1 - \rho^2} = 0.3` nats, a correlation of .67; .05 is one of .5, and .3 is one of .91.

    :func:`factor_matching` asks for a rank correlation instead, so that turning the dimension turns the factor one way,
    and may give one dimension to several factors.

    Args:
        z: ``[N, D]`` points, or a torch distribution, as for :func:`factor_information`, which says how the
            information is measured.
        factors: ``[N, F]``. A column of whole numbers is discrete; any other is cut by rank.
        names: F names.
        bins: the most levels of a dimension or a continuous factor.
        active: ``[N, F]`` booleans; each factor is measured on its active rows.
        least: the share of its entropy that must be told of a factor.
        permutations: at least one. Each takes as long as the information itself: 20 ms for points of 2 000 rows, 20
            dimensions and 18 factors, but half a minute for a posterior of them.
        seed: of the permutations.

    Raises:
        ValueError: as :func:`factor_information`; another number of names than factors, no permutation, or no factor
            that takes two values.

    References:
        Kuhn, "The Hungarian method for the assignment problem" (1955). The rule of what is found is our choice.

    Example:
        >>> random = np.random.default_rng(0)
        >>> factors = random.random((500, 2))
        >>> z = np.stack([random.random(500), factors[:, 0] ** 3], 1)
        >>> print(match_factors(z, factors, ["width", "height"]))
        factor  dimension   nats  of entropy  by chance   rows  found
        width           1   2.31      100.0%       0.05    500    yes
        height          0   0.00        0.0%       0.04    500     no
        1 of 2 found
    """
    from scipy.optimize import linear_sum_assignment

    information, entropy = information_and_entropy(z, factors, bins, active)
    if len(names) != len(entropy) or permutations < 1:
        raise ValueError(
            f"names: expected a name for each of the {len(entropy)} factors, and one permutation or more; "
            f"got {len(names)} names, {permutations} permutations.\n"
            "Try one of:\n"
            '- data.factors["test"].names, beside its values and active\n'
            "- permutations=20, the default"
        )
    varies = np.flatnonzero(entropy > 0)
    if not len(varies):
        raise nothing_to_score(len(entropy), "active on rows of two values or more")

    values = as_numpy(factors)
    here = np.ones(values.shape, dtype=bool) if active is None else as_numpy(active).astype(bool)
    random = np.random.default_rng(seed)
    chance = np.full(len(entropy), -np.inf)
    for _ in range(permutations):
        shuffled = values.copy()
        for f in varies:
            shuffled[here[:, f], f] = random.permutation(values[here[:, f], f])
        chance = np.maximum(chance, information_and_entropy(z, shuffled, bins, active)[0].max(0))

    assigned, order = linear_sum_assignment(information[:, varies] / entropy[varies], maximize=True)
    dimension, told = np.full(len(entropy), -1), np.full(len(entropy), np.nan)
    dimension[varies[order]], told[varies[order]] = assigned, information[assigned, varies[order]]
    share = told / np.where(entropy > 0, entropy, np.nan)
    return FoundFactors(
        names=tuple(names),
        dimension=dimension,
        information=told,
        entropy=entropy,
        chance=np.where(entropy > 0, chance, np.nan),
        rows=here.sum(0),
        found=(share >= least) & (told > chance),
        least=least,
    )
