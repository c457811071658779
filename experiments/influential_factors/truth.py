"""Do the most informative dimensions follow the true factors, and which factors were found?"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...data import Factors
from ...diagnostics import INFORMATIVE, dci, match_factors, mig, modularity, sap
from ..rows import Rows

__all__ = ["all_factors", "measure_truth"]


def all_factors(y: Any, factors: Factors, classes: tuple[str, ...]) -> Factors:
    """The factors of a set, the binary attributes of its rows first, which act on every row.

    Args:
        y: ``[N, L]`` attributes, or anything else, which adds none.
        factors: of the same N rows.
        classes: the L names.

    Example:
        >>> factors = Factors(torch.rand(3, 1), torch.ones(3, 1, dtype=torch.bool), ("width",))
        >>> all_factors(torch.tensor([[0], [1], [1]]), factors, ("hat",)).names
        ('hat', 'width')
    """
    if not isinstance(y, Tensor) or y.ndim != 2:
        return factors
    present = torch.ones_like(y, dtype=torch.bool)
    return Factors(
        torch.cat([y.to(factors.values), factors.values], 1),
        torch.cat([present, factors.active], 1),
        (*classes, *factors.names),
    )


def measure_truth(rows: Rows, factors: Factors, classes: tuple[str, ...], information: np.ndarray) -> dict[str, Any]:
    """Disentanglement by the field's scores, and factor by factor which dimension tells it.

    Args:
        rows: N of them, whose posterior means are looked at.
        factors: of at least these rows, in their order.
        classes: names of the attributes, if the rows have such.
        information: ``[D]`` nats, which rank the dimensions.

    Returns:
        "mig", "sap", "modularity"; of DCI "disentanglement", "completeness" and "informativeness", all of the whole
        code. Of the informative dimensions alone, assigned to factors one to one: the factors' "names", the "share" of
        its entropy that the dimension tells of each, the dimension's "rank" by information, from 1, and whether it is
        "found"; None for a factor without a dimension.
    """
    N = len(rows.code.z)
    first = Factors(factors.values[:N], factors.active[:N], factors.names)
    true = all_factors(rows.batch.y, first, classes)
    z, values, active = rows.code.marginal.mean, true.values, true.active
    of_dci = dci(z, values, active=active)
    figures: dict[str, Any] = {
        "mig": mig(z, values, active=active).score,
        "sap": sap(z, values, active=active).score,
        "modularity": modularity(z, values, active=active).score,
        "disentanglement": of_dci.score,
        "completeness": of_dci.completeness_score,
        "informativeness": of_dci.informativeness_score,
        "names": true.names,
    }
    order = np.argsort(-information, kind="stable")[: int((information > INFORMATIVE).sum())]
    if not len(order):
        none = [None] * len(true.names)
        return figures | {"share": none, "rank": none, "found": [False] * len(true.names)}
    matched = match_factors(z[:, torch.from_numpy(order)], values, true.names, active=active)
    rank = [int(j) + 1 if j >= 0 else None for j in matched.dimension]
    return figures | {"share": matched.share, "rank": rank, "found": matched.found}
