"""A guide's posteriors at images it is only shown: nothing is drawn, and no handler outside hears of it."""

from typing import Any, cast

from pyro import poutine
from pyro.distributions import TorchDistribution
from pyro.poutine.messenger import Messenger
from torch import Tensor, nn
from torch.distributions import ComposeTransform, Independent, TransformedDistribution

from .label_marginals import label_marginals
from .objective import random_sites

__all__ = ["centre", "posterior_at"]


def posterior_at(guide: nn.Module, x: Tensor) -> dict[str, TorchDistribution]:
    """Site -> its distribution given images alone, labels with their codes integrated out where the guide knows how.

    A site that hangs on another is given at that one's centre: the mean of a code, the most probable class.

    Args:
        guide: a :class:`~pellucid.guides.Guide`, without loss factors.
        x: ``[B, C, H, W]``.

    Example:
        >>> import torch
        >>> from pellucid import data, zoo
        >>> pair = zoo.m2(data.digits(labels=100), dim=4)
        >>> posterior_at(pair.guide.guide, torch.rand(5, 1, 8, 8))["y"].probs.shape
        torch.Size([5, 10])
    """
    with poutine.block(), poutine.trace() as seen, Centres():
        guide(x)
    posterior = {name: site["fn"] for name, site in random_sites(seen.trace)}
    return posterior | label_marginals(guide, posterior)


class Centres(Messenger):
    """Gives sites their centres: a draw that nobody reads would shift the random numbers of a compiled step."""

    def _pyro_sample(self, msg: Any) -> None:
        if not msg["done"] and msg["name"] != "data":
            msg["value"], msg["done"] = centre(msg["fn"]), True


def centre(fn: Any) -> Tensor:
    """The mean, or of classes the most probable one; what has no formula for its mean is the image of a centre."""
    if fn.has_enumerate_support and not fn.event_shape:
        values = fn.enumerate_support(expand=True)
        return values.gather(0, fn.log_prob(values).argmax(0, keepdim=True))[0]
    try:
        return fn.mean
    except NotImplementedError:
        if isinstance(fn, Independent):
            return centre(fn.base_dist)
        if not isinstance(fn, TransformedDistribution):
            raise
        return cast(Tensor, ComposeTransform(fn.transforms)(centre(fn.base_dist)))
