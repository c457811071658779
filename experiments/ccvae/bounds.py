"""How well a run explains images, alone and with their labels."""

import math
from typing import Any

import torch
from torch import Tensor

from ...inference import ELBO, CharacteristicBound, DomainBound, Run
from ..report.bounds import measure_bound

__all__ = ["measure_bounds"]

DRAWS = 2


@torch.no_grad()
def measure_bounds(run: Run, x: Tensor, y: Tensor) -> dict[str, float]:
    """Minus the bounds on log p(x) and on log p(x, y), in nats a row, no loss factor in them.

    Every estimator of CCVAE's gradient is one of the same bound: it is evaluated by "exact", whose draws, being
    weighed, are noisier than those of "tilted", and serve classes too.

    Args:
        run: the run.
        x: ``[N, C, H, W]``.
        y: all labels of these rows.

    Returns:
        "-bound" with its standard error over the rows, "reconstruction" and "kl"; "-joint bound" with its error.
    """
    alone = measure_bound(run, x, draws=DRAWS)
    objective, device = evaluated(run), run.pair.device
    known = torch.ones(len(x), dtype=torch.bool, device=device)

    def draw() -> Tensor:
        parts = zip(x.split(1000), y.split(1000), known.split(1000), strict=True)
        terms = (objective.terms(run.pair.model, run.pair.guide, a.to(device), b.to(device), c) for a, b, c in parts)
        return torch.cat([each.bound.cpu().double() for each in terms])

    joint = torch.stack([draw() for _ in range(DRAWS)]).mean(0)
    return {
        "-bound": -alone.bound,
        "-bound error": alone.error,
        "reconstruction": alone.reconstruction,
        "kl": alone.kl,
        "-joint bound": -float(joint.mean()),
        "-joint bound error": float(joint.std()) / math.sqrt(len(joint)),
    }


def evaluated(run: Run) -> ELBO:
    """The objective by which a run's bound is told."""
    objective: Any = run.pair.objective
    if isinstance(objective, CharacteristicBound) and not isinstance(objective, DomainBound):
        return CharacteristicBound(objective.classifier, site=objective.site, label=objective.label)
    return objective
