"""Codes known by draws: what a prior makes of its sites, and sites that hang on what the guide draws before them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from pyro import poutine
from torch import Tensor
from torch.distributions import Normal

from ...inference import Run, codes
from ...inference.evaluation import evaluating
from ...inference.objective import random_sites
from ...models import LatentModel
from .code import Code, find_code

__all__ = ["DRAWS", "read_code"]

DRAWS = 200  # for each row
ROWS = 20  # looked at to see whether a posterior hangs on a draw


def read_code(run: Run, posterior: Mapping[str, Any], x: Tensor) -> Code | None:
    """The code of rows, whatever the prior makes it from.

    Sites that the decoder takes are read off their posterior. It is one at a single draw, and so no posterior of the
    row, where the guide's site hangs on another, such as a label: a dense code of that kind, and what the prior returns
    where the decoder takes no site, are known by draws.

    Args:
        run: the run.
        posterior: site -> q(site | x), batch ``[N]``.
        x: ``[N, C, H, W]``, the rows.

    Returns:
        The code; None if what the prior returns is no vector of numbers that becomes an image of the data's shape.
    """
    code = find_code(run, posterior)
    if code is not None and (code.gate is not None or settled(run, x[:ROWS], [part.site for part in code.each])):
        return code
    if not isinstance(run.pair.model, LatentModel):
        return code
    try:
        draws = torch.cat([codes(run.pair, part.to(run.pair.device), DRAWS).cpu() for part in x.split(1000)], 1)
    except TypeError:  # a prior that returns no tensor
        return None
    if draws.ndim != 3 or not draws.is_floating_point() or not decodes(run, draws[0, :2]):
        return None
    mean = draws.mean(0)
    marginal = Normal(mean, draws.std(0).clamp(min=1e-6))
    made = Code("code", "drawn", marginal, None, mean)
    return replace(code or made, marginal=marginal, z=mean, draws=draws)


@torch.no_grad()
def settled(run: Run, x: Tensor, sites: list[str]) -> bool:
    """Whether the guide says the same of the sites at each draw of the others."""
    with torch.random.fork_rng([]):  # what is only looked at shifts no figure
        first, second = guide_sites(run, x), guide_sites(run, x)
    return all(
        torch.equal(fn.log_prob(value), second[site][0].log_prob(value))
        for site, (fn, value) in first.items()
        if site in sites
    )


def guide_sites(run: Run, x: Tensor) -> dict[str, tuple[Any, Tensor]]:
    """Site -> its distribution in the guide, run once without labels, and what was drawn."""
    with evaluating(run.pair):
        trace = poutine.trace(run.pair.guide).get_trace(x.to(run.pair.device))
    return {name: (site["fn"], site["value"]) for name, site in random_sites(trace)}


def decodes(run: Run, z: Tensor) -> bool:
    """Whether the decoder takes such codes and gives images of the data's shape."""
    try:
        return run.decode(z).shape == (len(z), *run.data.shape)
    except (AttributeError, IndexError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return False
