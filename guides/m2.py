"""The posterior of M2: a classifier, and a code that is read off the image and its label."""

from typing import cast

import pyro
import pyro.distributions as dist
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor, nn
from torch.nn.functional import softplus

from ..distributions import EPS, BinaryVector, Labels, RelaxedBinary, label_vector, whole_rows
from ..program import Program
from ..schedules import Schedule, scheduled
from .classify import classify

__all__ = ["M2Posterior"]


class M2Posterior(Program):
    r"""q(y | x) q(z | x, y): one encoder, a linear classifier, and a layer that joins its features with the label.

    .. math:: q(y \mid x) = \text{labels}(h(x)), \qquad q(z \mid x, y) = N\big(\mu(g), \sigma(g)^2\big), \qquad
        g = \max(0, W_x h(x) + W_y y + b)

    Where the label is not known it is summed out: classes, and all joint values of binary labels. With many binary
    labels the sum is too long; ``relaxed`` then draws them softly in training, **hard in evaluation mode**: reported
    bounds are those of binary labels. The divergence of the label is exact either way.

    Args:
        encoder: maps ``[B, C, H, W]`` to features ``[B, F]``; has the attribute ``out_features`` F.
        labels: L binary labels, or K classes.
        dim: dimensions D of the code.
        categorical: whether the label is one of K classes.
        relaxed: whether binary labels are drawn; False sums their :math:`2^L` joint values out.
        temperature: of soft draws.

    Raises:
        ValueError: if classes are to be drawn, or more than 12 binary labels to be summed out.

    References:
        Kingma, Mohamed, Rezende, Welling, "Semi-supervised learning with deep generative models" (arXiv 1406.5298),
        eqs. 4, 6 and 7; Maddison, Mnih, Teh, "The Concrete Distribution" (ICLR 2017) for the draws.

    Example:
        >>> import torch
        >>> from pellucid.networks import MLPEncoder
        >>> posterior = M2Posterior(MLPEncoder((1, 8, 8)), labels=10, dim=4, categorical=True)
        >>> with pyro.plate("data", 3):
        ...     posterior(torch.rand(3, 1, 8, 8)).shape
        torch.Size([3, 4])
    """

    def __init__(
        self,
        encoder: nn.Module,
        labels: int,
        dim: int,
        *,
        categorical: bool = False,
        relaxed: bool = False,
        temperature: float | Schedule = 2 / 3,
    ):
        super().__init__()
        if categorical and relaxed:
            raise ValueError("relaxed: classes are summed out, and only binary labels drawn. Try relaxed=False.")
        features = cast(int, encoder.out_features)
        self.encoder, self.classes, self.relaxed = encoder, labels if categorical else None, relaxed
        self.classifier = nn.Linear(features, labels)
        # One layer on [y, h(x)], in two parts: that of the image is computed once, whatever the number of labels.
        self.image, self.word = nn.Linear(features, features), nn.Linear(labels, features, bias=False)
        self.loc, self.scale = nn.Linear(features, dim), nn.Linear(features, dim)
        scheduled(self, "temperature", temperature)

    def label(self, h: Tensor) -> TorchDistribution:
        """q(y | x) from features ``[B, F]``: event ``[L]``, or a class."""
        logits = self.classifier(h)
        if self.classes is not None:
            return dist.Categorical(logits=logits)
        if self.relaxed:
            return RelaxedBinary(logits, self.temperature if self.training else None).to_event(1)
        return BinaryVector(logits)

    def code(self, h: Tensor, y: Tensor) -> TorchDistribution:
        """q(z | x, y) from features ``[B, F]`` and labels: batch ``[B]``, or ``[K, B]`` below an enumerated label."""
        g = (self.word(label_vector(y, self.classes, h.dtype)) + self.image(h)).relu()
        return dist.Normal(self.loc(g), softplus(self.scale(g)) + EPS).to_event(1)

    def forward(self, x: Tensor, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample the label site "y", summed out or drawn where it is not known, and site "z" ``[B, D]``."""
        h = self.encoder(x)
        return pyro.sample("z", self.code(h, classify("y", self.label(h), y, whole_rows(labelled))))
