"""The figures of a run on one split."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...diagnostics import category_sharing
from ...inference import Run
from ..report.bounds import measure_bound
from ..report.code import find_code
from ..report.partition import Partition, partitions
from ..report.reading import Space, read_space
from .factors import measure_factors
from .gates import gate_information

__all__ = ["measure_gates", "measure_split"]

DRAWN = 10_000  # rows times draws of the posterior over which the bound is averaged


def measure_split(run: Run, split: str, rows: int) -> dict[str, Any]:
    """The bound on all rows of a split; the code's dimensions on the first ones, as the report reads them.

    Args:
        run: the run.
        split: "validation" or "test".
        rows: on which dimensions are read.

    Returns:
        name -> figure; see :func:`~pellucid.experiments.class_vsc.measure`.
    """
    torch.manual_seed(0)
    batch = run.split(split, rows)
    parts = partitions(batch, run.data.classes)
    code = find_code(run, run.posterior(split, rows))
    space = None if code is None else read_space(run, code, batch.x, parts)

    x = run.split(split).x
    bound = measure_bound(run, x, draws=min(10, max(1, DRAWN // len(x))))
    figures: dict[str, Any] = {
        "rows": len(x),
        "rows_read": batch.rows,
        "-bound": -bound.bound,
        "-bound error": bound.error,
        "reconstruction": bound.reconstruction,
        "kl": bound.kl,
    }
    if space is not None:
        figures |= {"used": space.used.sum(), "used_mask": space.used, "information": space.information}
        figures |= {"cost": space.cost}
        figures |= measure_gates(space, parts)
    if space is not None and run.data.name == "smiley" and run.data.factors and isinstance(batch.y, Tensor):
        figures["factors"] = measure_factors(run, space, batch.y, run.data.factors[split])
    return figures


def measure_gates(space: Space, parts: Sequence[Partition]) -> dict[str, Any]:
    """What the gates do, all rows together and class by class; nothing for a dense code.

    Args:
        space: the code's dimensions over N rows.
        parts: partitions of the N rows, maybe none.
    """
    gate, meaning, used = space.code.gate, space.meaning, space.used
    if gate is None:
        return {}
    figures: dict[str, Any] = {"open": (gate > 0.5).double().sum(-1).mean()}
    if not parts or meaning.roles is None:
        return figures
    of_class, within = gate_information(gate, parts)
    met = np.asarray(np.isfinite(meaning.mean).all(1))
    sharing = (
        category_sharing(meaning.mean[met][:, used], np.flatnonzero(met), classes=len(met)) if used.any() else None
    )
    return (
        figures
        | (vars(space.agreement) if space.agreement is not None else {})
        | {"I(Y;Gamma)": of_class.sum(), "I(Y;Gamma_j)": of_class}
        | {"I(X;Gamma|Y)": within.sum(), "I(X;Gamma_j|Y)": within}
        | {"classes": meaning.rows, "class_gate": meaning.mean}
        | {"roles": meaning.roles.role, "role_counts": meaning.roles.counts}
        | ({"sharing_jaccard": sharing.jaccard, "sharing_cosine": sharing.cosine} if sharing is not None else {})
    )
