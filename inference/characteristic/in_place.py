"""What sites hold in place of a draw: labels all their values at once."""

from collections.abc import Callable, Mapping
from typing import Any

from pyro.poutine.messenger import Messenger
from torch import Tensor

from ...distributions import elements

__all__ = ["InPlaceOfDraws", "pure_values"]


def pure_values(q: Any) -> Tensor:
    """Labels that all have the same value, one row for each value: ``[V, 1, L]`` for vectors, ``[K, 1]`` for classes.

    In a prior of characteristics a block hangs on its own label only, so these V joint labels show the density of every
    block under every value: no sum over joint labels is needed.

    Args:
        q: distribution of the label site in the guide.

    Example:
        >>> import pyro.distributions as dist
        >>> import torch
        >>> pure_values(dist.Bernoulli(torch.zeros(5, 3)).to_event(1)).shape
        torch.Size([2, 1, 3])
    """
    values = elements(q).enumerate_support(expand=False)
    return values.reshape(-1, 1, *(1 for _ in q.event_shape)).expand(-1, 1, *q.event_shape)


class InPlaceOfDraws(Messenger):
    """Gives sites values made from their distributions. A draw that nobody reads would be lost when a step is compiled.

    Args:
        values: site -> a function from its distribution to its value.

    Example:
        >>> import pyro
        >>> import pyro.distributions as dist
        >>> import torch
        >>> with InPlaceOfDraws({"y": pure_values}):
        ...     pyro.sample("y", dist.Bernoulli(torch.zeros(5, 3)).to_event(1)).shape
        torch.Size([2, 1, 3])
    """

    def __init__(self, values: Mapping[str, Callable[[Any], Tensor]]):
        super().__init__()
        self.values = values

    def _pyro_sample(self, msg: Any) -> None:
        if msg["name"] in self.values:
            msg["value"], msg["done"] = self.values[msg["name"]](msg["fn"]), True
