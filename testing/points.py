"""A pair without chance: every site takes one point of its distribution, so that two computations can be compared."""

from typing import Any

import torch
from pyro.poutine.messenger import Messenger
from torch import Tensor
from torch.distributions import Independent

from ..distributions import PartlyObserved
from ..inference.posterior_at import centre

__all__ = ["Points"]


class Points(Messenger):
    """Gives sites that are neither known nor summed out a point in the middle of their distribution.

    The point is a function of the distribution alone, whatever the labels or the rows beside it. Divergences in closed
    form are what they are; the other terms become those of the point.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> with Points():
        ...     pyro.sample("s", dist.Normal(1.0, 2.0))
        tensor(1.)
    """

    def _pyro_sample(self, msg: Any) -> None:
        if msg["value"] is None and hasattr(msg["fn"], "event_shape"):  # a plate's choice of rows has none
            msg["value"], msg["done"] = point(msg["fn"]), True


def point(fn: Any) -> Tensor:
    """A point of the support: what is known, the most probable value of several, or else the centre, rounded to one."""
    if isinstance(fn, Independent):
        return point(fn.base_dist)
    if isinstance(fn, PartlyObserved):
        known = fn.known.reshape(fn.known.shape + (1,) * len(fn.event_shape))
        return torch.where(known, fn.value, point(fn.base).to(fn.value))
    if fn.has_enumerate_support:
        values = fn.enumerate_support(expand=True)
        return values.gather(0, index(fn.log_prob(values).argmax(0, keepdim=True), values))[0]
    value = centre(fn)
    return value.round() if fn.support.is_discrete else value


def index(best: Tensor, values: Tensor) -> Tensor:
    """Indices of the most probable values, in the shape of the values."""
    return best.reshape(best.shape + (1,) * (values.dim() - best.dim())).expand(1, *values.shape[1:])
