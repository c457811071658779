"""How well the guide's label sites tell the labels of test rows, beside the majority rate, and how well they know."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pyro import poutine
from torch import Tensor
from torch.nn.functional import pad

from ...data import Batch
from ...diagnostics import Calibration, calibration_error
from ...distributions import Clamped, at_site, elements, known_part
from ...inference import Run
from ...inference.objective import random_sites
from .partition import Partition, partitions

__all__ = ["Classified", "classified", "label_sites", "probabilities"]


@dataclass(frozen=True)
class Classified:
    """Labels guessed for rows whose labels were withheld.

    Attributes:
        name: of the label site, with the attribute where it has several.
        classes: C names.
        accuracy: share of the rows whose most probable class is right.
        majority: share of the largest class among them: what a constant guess reaches.
        calibration: whether the guide is as sure as it is right.
        rows: how many rows have a label.
        confusion: ``[C, C]``, share of the rows of a true class (row) guessed as each class (column); NaN for
            a class not met.
    """

    name: str
    classes: tuple[str, ...]
    accuracy: float
    majority: float
    calibration: Calibration
    rows: int
    confusion: np.ndarray


def label_sites(run: Run, batch: Batch) -> set[str]:
    """The guide's sites that take labels: those that known labels clamp. A discrete latent is none of them."""
    few = batch.take(slice(0, 2)).to(run.pair.device)
    with torch.no_grad(), torch.random.fork_rng([]):
        trace = poutine.trace(run.pair.guide).get_trace(*few)
    return {name for name, site in random_sites(trace) if isinstance(known_part(site["fn"]), Clamped)}


def classified(
    posterior: Mapping[str, Any], batch: Batch, classes: Sequence[str], sites: Collection[str]
) -> list[Classified]:
    """The label sites of a guide against the labels of the rows.

    Args:
        posterior: site -> q(site | x), batch ``[N]``. A site counts when it can be enumerated and the
            rows have labels of its shape.
        batch: the rows.
        classes: names, as the data set has them.
        sites: those that take labels.
    """
    found = []
    for site, q in posterior.items():
        if site not in sites:
            continue
        y, known = at_site(site, batch.y), at_site(site, batch.labelled)
        base = elements(q)
        if y is None or not base.has_enumerate_support or base.event_shape != () or y.shape != base.batch_shape:
            continue
        p = probabilities(q)
        if isinstance(batch.y, dict):
            named = partitions(Batch(batch.x, {site: y}, None if known is None else {site: known}), ())
        else:
            named = partitions(Batch(batch.x, y, known), classes)
        columns = dict(zip(classes, p.unbind(1), strict=True)) if p.ndim == 3 else {}
        for part in named:
            name = f"{site}: {part.name}" if columns else site
            found.append(score(name, columns.get(part.name, p), part))
    return found


def probabilities(q: Any) -> Tensor:
    """Probability of each value that a label may have, ``[N, V]``, or ``[N, L, V]`` for vectors of labels."""
    base = elements(q)
    return base.log_prob(base.enumerate_support(expand=False)).exp().movedim(0, -1)


def score(name: str, p: Tensor, part: Partition) -> Classified:
    """One label against the probabilities ``[N, V]`` of its values."""
    number = len(part.classes)
    true, p = part.y[part.known], pad(p[part.known], (0, max(0, number - p.shape[1])))
    guess = p.argmax(-1)
    cells = true * number + guess.clamp(0, number - 1)
    count = cells.bincount(minlength=number**2).reshape(number, number).float()
    size = count.sum(1, keepdim=True).numpy()
    confusion = np.divide(count.numpy(), size, out=np.full((number, number), np.nan, dtype=np.float32), where=size > 0)
    return Classified(
        name=name,
        classes=part.classes,
        accuracy=float((true == guess).double().mean()),
        majority=float(true.bincount().max()) / len(true),
        calibration=calibration_error(p, true),
        rows=len(true),
        confusion=confusion,
    )
