"""The dimensions that tell most, and codes in which only they are kept."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..arrays import Array, as_numpy
from .components import Posterior
from .mutual import mutual_information
from .result import Information

__all__ = ["INFORMATIVE", "influential", "keep_only"]

INFORMATIVE = 0.05
"""Nats above which a dimension counts as informative, wherever one is counted."""


def influential(
    information: Information | Posterior,
    scale: Array | None = None,
    *,
    k: int | None = None,
    threshold: float | None = None,
) -> np.ndarray:
    """Dimensions by I(x; z_j), the most informative first.

    Args:
        information: found before, or a posterior as :func:`mutual_information` takes it.
        scale: beside an array of locations.
        k: how many to give; all that pass the threshold if omitted.
        threshold: nats that they must tell more than; .05 if neither it nor k is given.

    Returns:
        ``[at most k]`` indices; those of equal information in their own order.

    Raises:
        ValueError: if k is not from 0 to D, or the posterior is none.

    Example:
        >>> loc = torch.tensor([[0.0, -9.0, -1.0], [0.0, 9.0, 1.0]])
        >>> influential(loc, torch.ones(2, 3)).tolist(), influential(loc, torch.ones(2, 3), k=1).tolist()
        ([1, 2], [1])
    """
    found = information if isinstance(information, Information) else mutual_information(information, scale)
    if k is not None and not (isinstance(k, int) and 0 <= k <= len(found.value)):
        raise ValueError(
            f"k: expected a number of dimensions from 0 to {len(found.value)}; given {k}.\n"
            "Try one of:\n- threshold=0.05, for all that tell more"
        )
    least = threshold if threshold is not None else INFORMATIVE if k is None else -np.inf
    order = np.argsort(-found.value, kind="stable")
    return order[found.value[order] > least][:k]


def keep_only(z: Tensor, dimensions: Any) -> Tensor:
    """Codes with every dimension zero but some: what is left to decode, to generate from, or to classify.

    Args:
        z: ``[..., D]``.
        dimensions: indices of those to keep, such as :func:`influential` gives, or booleans ``[D]``; none is fine.

    Returns:
        ``[..., D]``, a new tensor.

    Raises:
        ValueError: for a dimension that z does not have.

    Example:
        >>> keep_only(torch.tensor([1.0, 2.0, 3.0]), [2])
        tensor([0., 0., 3.])
    """
    given = as_numpy(dimensions) if isinstance(dimensions, Tensor) else np.asarray(dimensions)
    mask = given.dtype == bool and given.shape == z.shape[-1:]
    index = np.flatnonzero(given) if mask else given if given.size else given.astype(int)
    if index.dtype.kind not in "iu" or not ((index >= 0) & (index < z.shape[-1])).all():
        raise ValueError(
            f"dimensions: expected indices from 0 to {z.shape[-1] - 1}, or {z.shape[-1]} booleans; given "
            f"{given.tolist()}.\nTry one of:\n- influential(posterior, k=5)\n- active_units(posterior).active"
        )
    chosen = torch.as_tensor(index, device=z.device)
    kept = torch.zeros_like(z)
    kept[..., chosen] = z[..., chosen]
    return kept
