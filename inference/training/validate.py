"""The validation figures of an epoch: the bound on log p(x), loss factors, label accuracy, and what gates do."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import torch
from pyro import poutine
from pyro.distributions import Unit
from torch import Tensor

from ...data import Batch, Batches
from ...distributions import Clamped, PartlyObserved, elements, known_part
from ..evaluation import evaluating
from ..factor import without_factors
from ..gates import gate_of
from ..label_marginals import label_marginals
from ..objective import Site, data_frame, n_data, random_sites, sanitise
from ..pair import Pair
from .gate_sums import GateSums
from .label_sums import LabelSums
from .meter import Meter
from .processes import ALONE, Processes

__all__ = ["validate"]

Sums = TypeVar("Sums", Meter, GateSums, LabelSums)


def validate(pair: Pair, batches: Batches, seed: int, processes: Processes = ALONE) -> dict[str, float]:
    """Means over a split, in evaluation mode and in nats per row.

    The bound is one on log p(x): labels are withheld from it, whatever the training saw, so that methods with and
    without label sites compare. They serve the factors (``consistency`` is that of the split's own labels) and
    ``accuracy(y)``, the share of labels that are the most probable ones under the guide, beside which are the figures
    of :class:`LabelSums`. Of every spike-and-slab site there are those of :class:`GateSums`, its gates found without
    labels and parted by them afterwards. Draws come from a stream of their own, the same each epoch, and leave the
    training's untouched.

    Several processes share out the batches, whole ones with the draws that one process would make for them, and all
    have the figures of all batches in the end.

    Args:
        pair: model, guide and objective.
        batches: the split.
        seed: of the draws.
        processes: that share the work, with the first one's buffers.

    Returns:
        name -> mean.
    """
    meter, right, gates = Meter(), defaultdict[str, Meter](Meter), defaultdict[str, GateSums](GateSums)
    said = defaultdict[str, LabelSums](LabelSums)
    devices = [batches.device] if batches.device.type == "cuda" else []
    with evaluating(pair), torch.random.fork_rng(devices):
        numbers = range(processes.rank, len(batches), processes.world)
        own = batches.epoch(0, start=min(processes.rank, len(batches)), every=processes.world)
        for number, batch in zip(numbers, own, strict=True):
            torch.manual_seed(seed + number)  # a bound must not move with what the last batch's labels drew
            terms = pair(batch.x)
            figures = {name: value for name, value in terms.summary().items() if name not in {"loss", *terms.factors}}
            factors, trace = labelled_trace(pair, batch)
            withheld = dict(random_sites(poutine.trace(without_factors(pair.guide)).get_trace(batch.x)))
            marginals = label_marginals(pair.guide, {n: site["fn"] for n, site in withheld.items()})
            figures |= factors
            meter.add(list(figures), torch.stack(list(figures.values())), batch.rows)
            for name, known, p in labels_said(trace, marginals):
                said[name].add(p)
                if len(hit := (p.argmax(-1) == known.value)[known.known].flatten()):
                    right[name].add([f"accuracy({name})"], hit.double().mean()[None], len(hit))
            for site, gate in gates_of(withheld, batch.rows).items():
                gates[site].add(gate, batch.y, batch.labelled)
    meters, hits_of_all, said_of_all, gates_of_all = zip(*processes.gather((meter, right, said, gates)), strict=True)
    figures, right = Meter.joined(meters).means(), joined(Meter, hits_of_all)
    figures |= {name: mean for each in right.values() for name, mean in each.means().items()}
    taught = {site: sums for site, sums in joined(LabelSums, said_of_all).items() if site in right}
    for site, sums in (*taught.items(), *joined(GateSums, gates_of_all).items()):
        figures |= sums.figures(site)
    return figures


def joined(kind: type[Sums], parts: Sequence[Mapping[str, Sums]]) -> dict[str, Sums]:
    """The sums of each name, of all processes that have some."""
    return {name: kind.joined(part[name] for part in parts if name in part) for each in parts for name in each}


def labelled_trace(pair: Pair, batch: Batch) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What needs labels: each factor's value, and the distributions of the guide's sites."""
    trace = poutine.trace(pair.guide).get_trace(batch.x, sanitise(batch.y, batch.labelled), batch.labelled)
    sites = {name: site["fn"] for name, site in random_sites(trace)}
    return {name: fn.log_factor / n_data(trace) for name, fn in sites.items() if isinstance(fn, Unit)}, sites


def labels_said(sites: Mapping[str, Any], marginals: Mapping[str, Any]) -> Iterator[tuple[str, PartlyObserved, Tensor]]:
    """Each label site: its name, its known labels, and the probabilities ``[..., V]`` of its values.

    Args:
        sites: the guide's distributions, with labels.
        marginals: label site -> q(y | x), labels withheld; the sites' own for those that are not here.
    """
    for name, fn in sites.items():
        known, q = known_part(fn), elements(marginals.get(name, fn))
        if isinstance(known, Clamped) and q.has_enumerate_support and q.event_shape == ():
            yield name, known, q.log_prob(q.enumerate_support(expand=False)).exp().movedim(0, -1)


def gates_of(sites: Mapping[str, Site], rows: int) -> dict[str, Tensor]:
    """Spike-and-slab site -> its gates ``[B, D]``."""
    found = {}
    for name, site in sites.items():
        q = site["fn"]
        if data_frame(site) is None or q.batch_shape != (rows,):
            continue
        if (gate := gate_of(q)) is not None:
            found[name] = gate.reshape(rows, -1)
    return found
