"""The validation figures of an epoch: the bound on log p(x) with hard gates and no labels given, factors, and label accuracy."""

from collections import defaultdict

import torch
from pyro import poutine
from pyro.distributions import Unit
from torch import Tensor

from ...data import Batch, Batches
from ...distributions import at_site
from ..objective import log_prob, random_sites, sanitise
from ..pair import Pair
from .meter import Meter

__all__ = ["validate"]


def validate(pair: Pair, batches: Batches, seed: int) -> dict[str, float]:
    """Means over a split, in evaluation mode and in nats per row.

    The bound is one on log p(x): labels are withheld from it, whatever the training saw, so that methods with and without label sites
    compare. They serve the factors (``consistency`` is that of the split's own labels) and ``accuracy(y)``, the share of rows whose most
    probable label under the guide is right. Draws come from a stream of their own, the same each epoch, and leave the training's untouched.

    Args:
        pair: model, guide and objective.
        batches: the split.
        seed: of the draws.

    Returns:
        name -> mean.
    """
    meter, right, training = Meter(), defaultdict[str, Meter](Meter), pair.training
    devices = [batches.device] if batches.device.type == "cuda" else []
    pair.eval()
    with torch.no_grad(), torch.random.fork_rng(devices):
        for number, batch in enumerate(batches.epoch(0)):
            torch.manual_seed(
                seed + number
            )  # a batch's bound must not move with what was drawn for the last one's labels
            meter.add(batch_terms(pair, batch), batch.rows)
            for name, hit in hits(pair, batch).items():
                right[name].add({f"accuracy({name})": hit.double().mean()}, len(hit))
    pair.train(training)
    return meter.means() | {name: mean for each in right.values() for name, mean in each.means().items()}


def batch_terms(pair: Pair, batch: Batch) -> dict[str, Tensor]:
    """The bound's terms and the factors of one batch."""
    terms = pair(batch.x)
    figures = {name: value for name, value in terms.summary().items() if name not in terms.factors and name != "loss"}
    if pair.factors:
        trace = poutine.trace(pair.guide).get_trace(batch.x, sanitise(batch.y, batch.labelled), batch.labelled)
        factors = {name: site for name, site in random_sites(trace) if isinstance(site["fn"], Unit)}
        figures |= {name: log_prob(site) / pair.model.n_data for name, site in factors.items()}
    return figures


def hits(pair: Pair, batch: Batch) -> dict[str, Tensor]:
    """Label site -> for each labelled row of the batch, if there are any, whether its most probable label is right."""
    found: dict[str, Tensor] = {}
    if batch.y is None:
        return found
    for name, site in random_sites(poutine.trace(pair.guide).get_trace(batch.x)):
        q, y, labelled = site["fn"], at_site(name, batch.y), at_site(name, batch.labelled)
        if y is not None and q.has_enumerate_support and q.event_shape == ():
            values = q.enumerate_support(expand=True)
            guess = values.gather(0, q.log_prob(values).argmax(0, keepdim=True))[0]
            hit = guess == y if labelled is None else (guess == y)[labelled]
            if len(hit):
                found[name] = hit
    return found
