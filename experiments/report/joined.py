"""Several latent sites as one vector: which of them a decoder takes side by side, and their joint distribution."""

from collections.abc import Collection, Sequence
from typing import Any

import torch
from pyro import poutine
from torch import Tensor
from torch.distributions import Normal

from ...distributions import SpikeAndSlab
from ...inference import Run
from ...inference.evaluation import evaluating

__all__ = ["joined", "sites_joined"]


def joined(parts: Sequence[Normal | SpikeAndSlab]) -> Normal | SpikeAndSlab:
    """Independent dimensions side by side: batches ``[..., D_i]`` to one of ``[..., D]``.

    Normals make a Normal. Beside spike-and-slabs, a Normal is one whose gate is 1: exactly itself.

    Example:
        >>> both = joined([Normal(torch.zeros(2), 1.0), SpikeAndSlab(torch.full((3,), 0.5), 0.0, 1.0)])
        >>> both.gate
        tensor([1.0000, 1.0000, 0.5000, 0.5000, 0.5000])
    """
    loc, scale = (torch.cat([getattr(part, name) for part in parts], -1) for name in ("loc", "scale"))
    if not any(isinstance(part, SpikeAndSlab) for part in parts):
        return Normal(loc, scale)
    gates = [part.gate if isinstance(part, SpikeAndSlab) else torch.ones_like(part.loc) for part in parts]
    return SpikeAndSlab(torch.cat(gates, -1), loc, scale)


@torch.no_grad()
def sites_joined(run: Run, sites: Collection[str]) -> list[str]:
    """The sites, in the model's order, if it decodes them side by side and nothing else; none if it does not.

    The model is asked: the values that it draws for them, joined and decoded, must give the very images that it draws.
    A decoder of the right width alone would take the sites in any order.

    Args:
        run: whose model is drawn from.
        sites: candidates, all of which must be used.
    """
    x = run.split("test", 2).x.to(run.pair.device)
    with evaluating(run.pair), torch.random.fork_rng([]):
        torch.manual_seed(0)
        nodes: Any = poutine.trace(run.pair.model).get_trace(x).nodes
    order = [name for name in nodes if name in sites]
    values: list[Tensor] = [nodes[name]["value"] for name in order]
    if not order or len(order) < len(sites) or any(value.shape[:-1] != (len(x),) for value in values):
        return []
    try:
        drawn, own = run.decode(torch.cat(values, -1)), nodes["x"]["fn"].mean.cpu()
    except (AttributeError, LookupError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return []
    return order if drawn.shape == own.shape and torch.allclose(drawn, own, atol=1e-5) else []
