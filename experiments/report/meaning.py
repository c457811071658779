"""What each dimension means: its mean in every class, and the role that follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from ...diagnostics import Roles, class_gate, dimension_roles
from .code import Code
from .partition import Partition

__all__ = ["Meaning", "read_meaning"]


@dataclass(frozen=True)
class Meaning:
    """A table of classes and dimensions.

    Attributes:
        rows: G names: classes; or each attribute, present and absent; or "all rows".
        mean: ``[G, D]``: mean gate of a sparse code; of a dense one, the mean of the standardised code, in standard
            deviations.
        roles: of the D dimensions; None for a dense code and without labels. Dimensions without a gate have none:
            "unused", and active nowhere.
        attributes: whether rows are attributes, in which case a dimension speaks of one by the difference it makes.
    """

    rows: tuple[str, ...]
    mean: np.ndarray
    roles: Roles | None
    attributes: bool


def read_meaning(code: Code, parts: Sequence[Partition], used: np.ndarray) -> Meaning:
    """The table of a code.

    Args:
        code: over N rows.
        parts: partitions of the N rows, maybe none.
        used: ``[D]``, which dimensions are.
    """
    attributes = len(parts) > 1 or any(part.name != "class" for part in parts)
    if code.gate is None:
        value = (code.z - code.z.mean(0)) / code.z.std(0, correction=0).clamp(min=1e-6)
        tables = [means(value, part) for part in parts] or [value.mean(0)[None].numpy()]
    else:
        value = code.gate
        tables = [class_gate(value[p.known], p.y[p.known], p.classes) for p in parts] or [value.mean(0)[None].numpy()]
    tables = [table[::-1] for table in tables] if attributes else tables  # present before absent
    names = [part.classes[::-1] if attributes else part.classes for part in parts] or [("all rows",)]
    mean, rows = np.concatenate(tables).astype(float), tuple(name for group in names for name in group)
    if code.gate is None or not parts:
        return Meaning(rows, mean, None, attributes)
    gated = used & code.gated
    roles = attribute_roles(tables, gated) if attributes else dimension_roles(mean, gated)
    return Meaning(rows, mean, replace(roles, active=roles.active & code.gated), attributes)


def means(value: Tensor, part: Partition) -> np.ndarray:
    """Class means ``[C, D]``; NaN for a class without a row."""
    belongs = np.eye(len(part.classes))[:, part.y[part.known].numpy()]
    size = belongs.sum(1, keepdims=True)
    total = belongs @ value[part.known].numpy().astype(float)
    return np.divide(total, size, out=np.full(total.shape, np.nan), where=size > 0)


def attribute_roles(tables: Sequence[np.ndarray], used: np.ndarray, threshold: float = 0.25) -> Roles:
    """Roles among attributes, which overlap: a dimension speaks of one if its mean gate is higher with it, or without.

    A used dimension is *specific* if it speaks of at least one attribute and at most three tenths of them, *shared* if
    of more, and *global* if of none, open for all alike.

    Args:
        tables: for each of L attributes its mean gates ``[C, D]``.
        used: ``[D]``.
        threshold: the least difference.
    """
    active, touched = [], []
    for table in tables:
        others = (np.nansum(table, 0) - np.nan_to_num(table)) / max(1, np.isfinite(table).all(1).sum() - 1)
        here = np.nan_to_num(table) - others > threshold
        active.append(here)
        touched.append(here.any(0))
    count, few = np.sum(touched, 0), max(1, int(0.3 * len(tables) + 1e-9))
    role = np.select([~used, count == 0, count <= few], ["unused", "global", "specific"], default="shared")
    return Roles(role=role, active=np.concatenate(active), threshold=threshold, global_from=0, specific_to=few)
