"""The components of a mixture run: those of its prior, and those of its posterior on test rows."""

from typing import Any

import torch
from torch import Tensor
from torch.distributions import Independent, Normal

from ....inference import Run
from ....inference.evaluation import evaluating
from ....inference.factor import without_factors
from ....models import MixturePrior

__all__ = ["mixture_components", "prior_of"]


def prior_of(run: Run) -> MixturePrior | None:
    """The run's prior, if it is a mixture."""
    prior = getattr(run.pair.model, "prior", None)
    return prior if isinstance(prior, MixturePrior) else None


def mixture_components(run: Run, x: Tensor) -> tuple[Normal, Normal] | None:
    """p(z | y), batch ``[K, D]``, and q(z | x, y), batch ``[N, K, D]``, of every class, on the CPU.

    Args:
        run: the run.
        x: ``[N, C, H, W]``.

    Returns:
        None unless the prior is a mixture and the posterior program has a method ``components(x)`` that gives Normals
        of as many classes and dimensions.
    """
    prior, program = prior_of(run), getattr(without_factors(run.pair.guide), "posterior", None)
    components: Any = getattr(program, "components", None)
    if prior is None or components is None:
        return None
    with evaluating(run.pair):
        p, *q = [prior.components(), *(components(part.to(run.pair.device)) for part in x.split(1000))]
    if not all(map(of_normals, (p, *q))) or any(part.shape()[1:] != p.shape() for part in q):
        return None
    loc, scale = (torch.cat([getattr(part.base_dist, name).cpu() for part in q]) for name in ("loc", "scale"))
    return Normal(p.base_dist.loc.detach().cpu(), p.base_dist.scale.detach().cpu()), Normal(loc, scale)


def of_normals(q: Any) -> bool:
    """Whether vectors are of independent Normals."""
    return isinstance(q, Independent) and isinstance(q.base_dist, Normal) and len(q.event_shape) == 1
