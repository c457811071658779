"""Codes: what the decoder of a pair takes, whatever sites the prior makes it from."""

import torch
from pyro import poutine
from torch import Tensor

from .evaluation import evaluating
from .pair import Pair

__all__ = ["codes"]


def codes(pair: Pair, x: Tensor, draws: int = 1) -> Tensor:
    r"""Draws of the code :math:`z = \text{prior}(s)`, :math:`s \sim q(s | x)`; labels drawn too, gates hard.

    A prior returns what is decoded. That may be a site, several side by side, or any function of them, such as the
    point of a circle at a drawn angle; its posterior is then known by its draws.

    Args:
        pair: with a :class:`~pellucid.models.LatentModel`; looked at in evaluation mode.
        x: ``[B, ...]``.
        draws: S.

    Returns:
        ``[S, B, D]``, without gradients.

    Example:
        >>> from pellucid import data, zoo
        >>> codes(zoo.m2(data.digits(labels=100), dim=4), torch.rand(3, 1, 8, 8), draws=5).shape
        torch.Size([5, 3, 14])
    """
    found = []
    with evaluating(pair):
        for _ in range(draws):
            guide = poutine.trace(pair.guide).get_trace(x)
            with poutine.block(), poutine.replay(trace=guide), pair.model.code(x) as z:
                found.append(z)
    return torch.stack(found)
