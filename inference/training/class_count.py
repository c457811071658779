"""Label sites have as many values as the data have classes."""

from typing import Any

import torch
from pyro import poutine
from torch import Tensor

from ...data import Batch, DataSet
from ...data.kept import kept_labels
from ...distributions import elements, known_part
from ..objective import random_sites
from ..pair import Pair

__all__ = ["require_class_count"]


def require_class_count(pair: Pair, data: DataSet, batch: Batch) -> None:
    """Raise a ValueError if a class site of the guide has another number of values than the data have classes.

    Where no training row has a label they are clusters, and may be more.

    Args:
        pair: the pair.
        data: the data set.
        batch: some of its rows.
    """
    if data.attributes or not isinstance(batch.y, Tensor) or batch.y.dim() != 1:
        return
    nothing = torch.zeros(batch.rows, dtype=torch.long, device=batch.x.device)
    sites = poutine.trace(pair.guide).get_trace(batch.x, nothing, nothing.bool())
    for name, site in random_sites(sites):
        q: Any = elements(site["fn"])
        if known_part(site["fn"]) is None or not q.has_enumerate_support or q.event_shape:
            continue
        count = len(q.enumerate_support(expand=False))
        if count < len(data.classes) or (count > len(data.classes) and labelled(data)):
            raise ValueError(
                f"site '{name}': expected {len(data.classes)} classes, as {data.name} has; the guide has {count}.\n"
                f"Try one of:\n- classes={len(data.classes)} in prior and posterior\n"
                "- labels=0 of the data set, for more clusters than classes"
            )


def labelled(data: DataSet) -> bool:
    """Whether a training row is known to have a label; True for a data set that does not say."""
    kept = kept_labels(data.train)
    known = None if kept is None else kept[1]
    return bool(known.any()) if isinstance(known, Tensor) else True
