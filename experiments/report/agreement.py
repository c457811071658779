"""Whether rows of a class open the same gates, averaged over the attributes where there are several."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ...diagnostics import class_consistency
from .partition import Partition

__all__ = ["Agreement", "measure_agreement"]

ROWS = 2000


@dataclass(frozen=True)
class Agreement:
    """Pairs of rows of one class, and of two. Divergences in nats, summed over dimensions.

    Attributes:
        within, between: mean pairwise Jensen-Shannon divergence of the gates.
        ratio: ``between / within``.
        jaccard_within, jaccard_between: mean overlap of the sets of open gates.
    """

    within: float
    between: float
    ratio: float
    jaccard_within: float
    jaccard_between: float


def measure_agreement(gate: Tensor, parts: Sequence[Partition]) -> Agreement | None:
    """The means over the partitions; None if no partition has a pair of either kind.

    All pairs of up to 2000 rows are compared; of L attributes, those of 2000 / sqrt(L) rows each, as many in all.

    Args:
        gate: ``[N, D]``.
        parts: of the N rows.
    """
    paired = [part for part in parts if part.y[part.known].bincount().max() >= 2]
    if not paired:
        return None
    most = round(ROWS / math.sqrt(len(paired)))
    each = [class_consistency(gate[part.known], part.y[part.known], max_rows=most) for part in paired]
    names = ("within", "between", "jaccard_within", "jaccard_between")
    mean = {name: float(np.mean([getattr(one, name) for one in each])) for name in names}
    within, between = mean["within"], mean["between"]
    ratio = between / within if within > 0 else float("inf") if between > 0 else float("nan")
    return Agreement(ratio=ratio, **mean)
