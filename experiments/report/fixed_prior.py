"""The prior of the code, where it is one and the same for all rows."""

from typing import Any

import torch
from pyro import poutine
from torch.distributions import Independent, Normal

from ...distributions import SpikeAndSlab
from ...inference import Run
from ...inference.evaluation import evaluating
from ...models import LatentModel

__all__ = ["fixed_prior"]

ROWS = 20  # looked at to see whether the prior hangs on the row, or on what is drawn before the code, such as a label


@torch.no_grad()
def fixed_prior(run: Run, site: str) -> Normal | SpikeAndSlab | None:
    """p(z), batch ``[D]``, of a latent site; None unless its dimensions are independent Normals or spike-and-slabs.

    Args:
        run: whose model is drawn from.
        site: of the code.
    """
    if not isinstance(run.pair.model, LatentModel):
        return None
    x = run.split("test", ROWS).x.to(run.pair.device)
    x = x.repeat(-(-ROWS // len(x)), *[1] * (x.ndim - 1))  # a single row would show any prior to be one for all rows
    with evaluating(run.pair), torch.random.fork_rng([]):
        torch.manual_seed(0)
        nodes: Any = poutine.trace(run.pair.model).get_trace(x).nodes
    q = nodes[site]["fn"] if site in nodes else None
    base = q.base_dist if isinstance(q, Independent) else q
    for family, names in ((Normal, ("loc", "scale")), (SpikeAndSlab, ("gate", "loc", "scale"))):
        if isinstance(base, family) and base.batch_shape[:-1] == (len(x),):
            parameters = [getattr(base, name) for name in names]
            if all(torch.equal(each, each[:1].expand_as(each)) for each in parameters):
                return family(*(each[0].cpu() for each in parameters))
    return None
