"""Do the dimensions of a code of faces follow the true causes of the faces?"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from pyro import distributions as dist
from torch import Tensor

from ...data import Factors, draw_faces
from ...diagnostics import Matching, active_matching, factor_matching, pattern_agreement
from ...inference import Run
from ..report.code import Code
from ..report.reading import Space

__all__ = ["activities", "attribute_regions", "measure_factors"]

FACES = 200  # drawn with and without each attribute


def activities(code: Code) -> dict[str, Tensor]:
    """How active each dimension is in each row, ``[N, D]``, by name.

    A sparse code says so itself: its gates. A dense one does not, and gets every reading that may serve it: the row's
    KL to N(0, 1), how narrow the posterior is, and how far its mean lies from that of all rows.

    Args:
        code: over N rows.
    """
    if code.gate is not None:
        return {"gate": code.gate}
    mean, scale = code.marginal.mean, code.marginal.variance.sqrt()
    return {
        "kl": torch.distributions.kl_divergence(dist.Normal(mean, scale), dist.Normal(0.0, 1.0).expand(mean.shape)),
        "narrowness": -scale,
        "distance": (code.z - code.z.mean(0)).abs(),
    }


def attribute_regions(y: Tensor, values: Tensor) -> np.ndarray:
    """Where each attribute is: mean absolute difference of faces with it and without it, all else equal.

    Args:
        y: ``[N, 4]`` attributes.
        values: ``[N, 18]`` factors.

    Returns:
        ``[4, 1, 32, 32]``.

    Example:
        >>> regions = attribute_regions(torch.zeros(1, 4), torch.ones(1, 18))
        >>> regions.shape, bool((regions[2, 0, 20:] == 0).all())  # no eye below the middle of the face
        ((4, 1, 32, 32), True)
    """
    own = torch.eye(y.shape[1], dtype=torch.bool)
    with_it, without = ([draw_faces(present, values) for present in side] for side in zip(
        *((y.bool() | one, y.bool() & ~one) for one in own), strict=True
    ))  # fmt: skip
    return torch.stack([(a - b).abs().mean(0) for a, b in zip(with_it, without, strict=True)]).numpy()


def opened(readings: Mapping[str, Tensor], y: Tensor) -> dict[str, float]:
    """The matching of open dimensions: is a cause there if and only if its dimension is on?

    Graded activities reward orders that no reader sees: gates of .95 and .99 may tell an attribute without fault. A
    sparse code says which dimensions are on, those whose gate is above 1/2. A dense one does not, and gets the cut that
    serves it best: of each reading of its activity and 24 thresholds, common to all dimensions, the one of the largest
    sum of both figures on these very rows.

    Args:
        readings: of the activity of the dimensions that count, as :func:`activities` has them.
        y: ``[N, L]`` attributes.
    """
    if "gate" in readings:
        cuts = [readings["gate"] > 0.5]
    else:
        share = torch.linspace(0.02, 0.98, 24)
        cuts = [activity > cut for activity in readings.values() for cut in activity.flatten().quantile(share)]
    best = max((active_matching(cut.float(), y) for cut in cuts), key=lambda found: found.score + found.purity)
    return {"open": best.score, "open_purity": best.purity}


def measure_factors(run: Run, space: Space, y: Tensor, factors: Factors) -> dict[str, Any]:
    """The matching of dimensions and causes; see :func:`~pellucid.diagnostics.active_matching`.

    Args:
        run: on faces.
        space: its code over N rows.
        y: ``[N, 4]``, their attributes: the factors of one are active together.
        factors: of at least these rows, in the same order.

    Returns:
        "active" and "active_each": how well a dimension tells that an attribute is there, the mean and one by one (of a
        dense code, by the "activity" that serves it best); "active_purity": how well a used dimension means one
        attribute; "open" and "open_purity": the same of what is open or shut (:func:`opened`); "value": how well a
        dimension tells a factor's value; "regions": share of the used dimensions that draw on the attribute they are
        active with, and "regions_majority", what a constant answer would reach; "prior_regions": the same by the
        patterns of the model's own prior, if it has such.
    """
    N, used = len(y), space.used
    readings = activities(space.code)
    matchings: dict[str, Matching] = {name: active_matching(a, y) for name, a in readings.items()}
    activity, matching = max(matchings.items(), key=lambda item: item[1].score)
    code = space.code.z if space.code.gate is None else space.code.marginal.mean
    figures: dict[str, Any] = {
        "active": matching.score,
        "active_each": matching.cause_score,
        "activity": activity,
        "value": factor_matching(code, factors.values[:N], factors.active[:N]).score,
    }
    if not used.any():
        return figures
    of_used = {name: reading[:, used] for name, reading in readings.items()}
    figures["active_purity"] = active_matching(of_used[activity], y).purity
    figures |= opened(of_used, y)
    regions, drawn = attribute_regions(y[:FACES], factors.values[:FACES]), space.drawn[used]
    if not (np.abs(drawn) * (regions.sum(0) > 0)).any():
        return figures
    agreement = pattern_agreement(matching.matrix[:, used], drawn, regions)
    figures |= {"regions": agreement.accuracy, "regions_majority": agreement.majority}
    pattern = getattr(run.pair.model.prior, "pattern", None)
    if isinstance(pattern, Tensor) and pattern.shape == matching.matrix.shape:
        own = pattern.detach().cpu()[:, torch.from_numpy(used)]
        figures["prior_regions"] = pattern_agreement(own, drawn, regions).accuracy
    return figures
