"""The posterior of a class-conditional spike prior: a classifier beside the spikes and slabs."""

from typing import Any

import pyro
import pyro.distributions as dist
from torch import Tensor, nn

from ..distributions import BinaryVector, Labels, whole_rows
from .classify import classify
from .posteriors import SpikeAndSlabPosterior

__all__ = ["ClassSpikePosterior"]


class ClassSpikePosterior(SpikeAndSlabPosterior):
    r"""q(y | x) q(z | x): a spike-and-slab posterior whose encoder also classifies.

    Args:
        encoder: maps ``[B, C, H, W]`` to features ``[B, F]``; has the attribute ``out_features`` F.
        dim: latent dimensions D.
        classes: number of classes, or of attributes.
        attributes: whether labels are binary attributes ``[B, L]``, one site "y" for the vector.
        options: of :class:`SpikeAndSlabPosterior`.

    Example:
        >>> from pellucid.networks import MLPEncoder
        >>> posterior = ClassSpikePosterior(MLPEncoder((1, 8, 8)), dim=4, classes=10)
        >>> posterior.classifier.out_features
        10
    """

    def __init__(self, encoder: nn.Module, dim: int, classes: int, *, attributes: bool = False, **options: Any):
        super().__init__(encoder, dim, **options)
        self.classifier, self.attributes = nn.Linear(self.gate.in_features, classes), attributes

    def forward(self, x: Tensor, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample the label site "y", summed out where it is not known, and site "z" ``[B, D]``."""
        h = self.encoder(x)
        logits = self.classifier(h)
        if self.attributes:
            classify("y", BinaryVector(logits), y, whole_rows(labelled))
        else:
            classify("y", dist.Categorical(logits=logits), y, labelled)
        return pyro.sample("z", self.from_features(h))
