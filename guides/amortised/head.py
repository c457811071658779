"""A head: from features to the distribution of one site."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from ...distributions import SpikeAndSlab
from ...program import Program
from ..characteristic import Features
from ..posteriors import SpikeAndSlabPosterior
from .families import Family, family_of
from .sites import LatentSite

__all__ = ["Head", "head_of"]


class Head(Program):
    """The parameters of a family, linear in the features; of a site of the whole data set, free.

    A program, so that in mixed precision its layer runs in bfloat16 and the parameters are made in float32.

    Args:
        family: what to give.
        features: their number F; None for free parameters.
        plates: sizes of the plates that the site is in beside the rows'.
    """

    def __init__(self, family: Family, features: int | None, plates: tuple[int, ...] = ()):
        super().__init__()
        self.family, self.plates = family, plates
        self.sizes = [math.prod((*plates, *shape)) for shape, _ in family.parameters.values()]
        if features is None:
            self.free = nn.Parameter(0.1 * torch.randn(sum(self.sizes)))
        else:
            self.linear = nn.Linear(features, sum(self.sizes))

    def forward(self, features: Tensor | None) -> Any:
        """The distribution: batch ``[..., P, B]`` for features ``[..., B, F]``, P the plates; ``[P]`` for none."""
        raw = self.free if features is None else self.linear(features)
        lead, within = raw.dim() - 1, len(self.plates)
        values = {}
        for part, (name, (shape, onto)) in zip(raw.split(self.sizes, -1), self.family.parameters.items(), strict=True):
            value = part.reshape((*raw.shape[:-1], *self.plates, *shape))
            if lead and within:  # the rows stand innermost among the plates
                value = value.movedim(lead - 1, lead - 1 + within)
            values[name] = onto(value)
        return self.family.make(**values)


def head_of(site: LatentSite, features: int) -> nn.Module:
    """The head that a site gets by itself.

    Args:
        site: of the prior.
        features: how many there are for a row.

    Raises:
        ValueError: if no family is known for the site.
    """
    sizes = tuple(size for _, size, _ in site.plates)
    if not isinstance(site.base, SpikeAndSlab):
        return Head(family_of(site), None if site.shared else features, sizes)
    if site.shared or site.plates or len(site.event_shape) != 1:
        raise ValueError(
            f"site '{site.name}': a spike-and-slab has a head for vectors [D] in the plate 'data'; this one has shape "
            f"{list(site.event_shape)}{', outside the plate' if site.shared else ''}.\nTry one of:\n"
            "- .to_event(1), so that its dimensions are one vector\n"
            f"- sites={{'{site.name}': MyHead}}: called with the features, a module that gives the distribution"
        )
    return SpikeAndSlabPosterior(Features(features), site.event_shape[0])
