"""Conditional sampling: does a class's pattern of open gates, with its slabs drawn anew, draw the class?"""

from typing import Any

import numpy as np
import torch
from pyro import poutine
from torch import Tensor

from ...inference import Run
from ...inference.objective import data_frame, random_sites
from ..report.partition import Partition
from ..rows import Rows

__all__ = ["draw_from_prior", "draw_patterns", "measure_generation"]

JUDGES, NEIGHBOURS, REFERENCES = 2000, 5, 500


@torch.no_grad()
def measure_generation(run: Run, labelled: Rows, test: Rows, samples: int = 20) -> dict[str, float]:
    """Share of drawn images that are recognised as the class they were drawn for; the mean over the attributes.

    The judge is the vote of the 5 nearest of 2000 real training images. It needs no training, and it asks the whole
    image to resemble real ones, where a linear rule follows its few weights wherever they lead off the data.

    Args:
        run: whose decoder draws.
        labelled: training rows, in an order without a pattern.
        test: rows to be reconstructed.
        samples: of each class and kind.

    Returns:
        For a sparse code, "row": the gates that a random training row of the class opens, slabs drawn from N(0, 1);
        "mean": the same with the gates whose mean over the class is above 1/2; and "prior", where the model has labels:
        drawn from its own p(z | y). For every code, as references, "reconstructed": reconstructions of test rows
        recognised as the class of the row, and "real": the rows themselves.
    """
    found = [judged(run, labelled, labelled.parts[name], test, part, samples) for name, part in test.parts.items()]
    return {kind: float(np.mean([each[kind] for each in found])) for kind in (found[0] if found else {})}


def judged(run: Run, labelled: Rows, part: Partition, test: Rows, final: Partition, samples: int) -> dict[str, float]:
    """The shares for one partition."""
    from sklearn.neighbors import KNeighborsClassifier

    known = part.known.nonzero().squeeze(1)
    judge = KNeighborsClassifier(NEIGHBOURS)
    judge.fit(labelled.batch.x[known[:JUDGES]].flatten(1).numpy(), part.y[known[:JUDGES]].numpy())

    def recognised(images: Tensor, wanted: Tensor) -> float:
        return float((judge.predict(images.flatten(1).numpy()) == wanted.numpy()).mean())

    met = part.y[known].unique()
    rows = torch.cat([draw_rows(known[part.y[known] == c], samples) for c in met])
    wanted, shown = met.repeat_interleave(samples), final.known.nonzero().squeeze(1)[:REFERENCES]
    images = {} if labelled.code.gate is None else draw_patterns(run, labelled.code.gate, part, rows)
    drawn = None if labelled.code.gate is None else draw_from_prior(run, labelled.batch.y, rows)
    images |= {} if drawn is None else {"prior": drawn}
    return {kind: recognised(each, wanted) for kind, each in images.items()} | {
        "reconstructed": recognised(run.decode(test.code.z[shown]), final.y[shown]),
        "real": recognised(test.batch.x[shown], final.y[shown]),
    }


def draw_rows(index: Tensor, samples: int) -> Tensor:
    """Rows drawn from an index, with replacement."""
    return index[torch.randint(len(index), (samples,))]


def draw_patterns(run: Run, gate: Tensor, part: Partition, rows: Tensor) -> dict[str, Tensor]:
    """Images from the patterns of rows and of their classes, the slabs from N(0, 1).

    Args:
        run: whose decoder draws.
        gate: ``[N, D]``.
        part: of the N rows.
        rows: ``[M]`` indices of them.

    Returns:
        "row" and "mean", each ``[M, C, H, W]``.
    """
    mean = {int(c): gate[part.known & (part.y == c)].mean(0) for c in part.y[rows].unique()}
    patterns = {"row": gate[rows], "mean": torch.stack([mean[int(c)] for c in part.y[rows]])}
    return {kind: run.decode((pattern > 0.5) * torch.randn_like(pattern)) for kind, pattern in patterns.items()}


def draw_from_prior(run: Run, y: Any, rows: Tensor) -> Tensor | None:
    """Mean images ``[M, C, H, W]`` of codes from the model's own p(z | y); None for a model without labels.

    Args:
        run: whose model draws.
        y: labels of N rows.
        rows: ``[M]`` indices of them.
    """
    trace = poutine.trace(run.pair.model).get_trace(None, y[rows].to(run.pair.device))
    observed = [name for name, site in random_sites(trace) if site["is_observed"] and data_frame(site)]
    return trace.nodes["x"]["fn"].mean.cpu() if observed else None
