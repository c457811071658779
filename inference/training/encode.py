"""The posterior of a whole split as one batched distribution per site."""

import inspect
from typing import Any

import torch
from pyro import poutine
from pyro.distributions import Independent, TorchDistribution, Unit
from torch.distributions import Distribution

from ...data import Batches
from ..evaluation import evaluating
from ..label_marginals import label_marginals
from ..objective import data_frame, random_sites
from ..pair import Pair

__all__ = ["encode"]

ALTERNATIVES = (("logits", "probs"), ("scale_tril", "covariance_matrix", "precision_matrix"))
"""Parameters of which a constructor takes one; each is an attribute, whichever was given."""


def encode(pair: Pair, batches: Batches) -> dict[str, TorchDistribution]:
    """q(site | x) for all rows, labels withheld, gates hard; on the CPU.

    Args:
        pair: looked at in evaluation mode.
        batches: of a split, in order.

    Returns:
        latent site -> its distribution, batch ``[N]``. A label read off a code has the code integrated out where the
        guide knows how (:func:`~pellucid.inference.label_marginals`); another site that depends on one (z on a label)
        is given at a draw of it.
    """
    found: dict[str, list[TorchDistribution]] = {}
    with evaluating(pair):
        for batch in batches.epoch(0):
            sites = dict(random_sites(poutine.trace(pair.guide).get_trace(batch.x)))
            q = {n: s["fn"] for n, s in sites.items() if data_frame(s) is not None and not isinstance(s["fn"], Unit)}
            for name, fn in (q | label_marginals(pair.guide, q)).items():
                found.setdefault(name, []).append(fn.expand((batch.rows,)))
    return {name: concatenate(parts) for name, parts in found.items()}


def concatenate(parts: list[Any]) -> Any:
    """One distribution from several of a family, along the first batch dimension.

    Example:
        >>> import pyro.distributions as dist
        >>> concatenate([dist.Normal(torch.zeros(2), 1.0), dist.Normal(torch.ones(3), 1.0)]).mean
        tensor([0., 0., 1., 1., 1.])
    """
    first = parts[0]
    if isinstance(first, Independent):
        return concatenate([part.base_dist for part in parts]).to_event(first.reinterpreted_batch_ndims)
    accepted = inspect.signature(type(first).__init__).parameters
    spare = {name for kept, *others in ALTERNATIVES if kept in accepted for name in others}
    names = [name for name in accepted if name not in spare and getattr(first, name, None) is not None]
    required = {name for name, argument in accepted.items() if argument.default is argument.empty} - {"self"}
    if not required <= set(names) or any(inspect.ismethod(getattr(first, name)) for name in names):
        raise ValueError(
            f"encode: {type(first).__name__} does not keep its constructor's arguments under their names, so its rows "
            "cannot be joined.\nTry one of:\n- a family that does, as torch's plain ones do\n- its base distribution"
        )
    return type(first)(**{name: joined(parts, [getattr(part, name) for part in parts]) for name in names})


def joined(parts: list[Any], values: list[Any]) -> Any:
    """One constructor argument from those of all parts: rows in a line, and as it is what belongs to no row."""
    first = values[0]
    if isinstance(first, Distribution):
        return concatenate(values)
    if not isinstance(first, torch.Tensor):
        return first
    by_row = first.shape[:1] == parts[0].batch_shape[:1]
    return (torch.cat(values) if by_row else first).cpu()
