"""Controls: the same loss factor with the labels of other rows."""

from collections.abc import Mapping

import torch
from pyro.distributions import TorchDistribution
from torch import Tensor

from ...distributions import Labels
from ...inference import Factor
from ...schedules import given

__all__ = ["Shuffled"]


class Shuffled(Factor):
    """A loss factor that sees labels dealt anew among the rows of every batch, and so learns nothing of classes.

    What a model gains under it is no gain by class information. The labelled rows stay the labelled ones.

    Args:
        factor: the factor, whose weight it takes over.

    Example:
        >>> from pellucid.inference import ClassConsistency
        >>> Shuffled(ClassConsistency(3.0)).name
        'shuffled_consistency'
    """

    def __init__(self, factor: Factor):
        super().__init__(f"shuffled_{factor.name}", given(factor, "weight"))
        self.factor = factor

    def forward(self, posterior: Mapping[str, TorchDistribution], y: Labels, labelled: Labels) -> Tensor:
        """The factor's value, labels dealt among the labelled rows."""
        if not isinstance(y, Tensor):
            return self.factor(posterior, y, labelled)
        dealt = torch.randperm(len(y), device=y.device)
        if isinstance(labelled, Tensor):
            rows = labelled.reshape(len(y), -1).all(1)
            taker, giver = (
                each[rows[each].argsort(descending=True, stable=True)] for each in (dealt.sort().values, dealt)
            )
            dealt = torch.empty_like(dealt).scatter(0, taker, giver)
        return self.factor(posterior, y[dealt], labelled)
