"""The prior of MVAE: a code of which the label is one more view, beside the image."""

import pyro
import pyro.distributions as dist
import torch
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor, nn

from ..distributions import Labels, RelaxedBinary
from ..program import Program
from .label import label
from .label_logits import label_logits

__all__ = ["MVAEPrior"]


class MVAEPrior(Program):
    r"""p(z) p(y | z): the label is read off the code by a linear layer, as the image is by the decoder.

    .. math:: z \sim N(0, I), \qquad p(y \mid z) = \prod_i S(w_i \cdot z + b_i)^{y_i} S(-w_i \cdot z - b_i)^{1 - y_i}
        \quad\text{or}\quad \mathrm{softmax}(W z + b)_y

    Given the code labels are independent, so that of a row some may be known, and others not.

    Args:
        labels: L binary labels, or K classes.
        dim: dimensions D of the code.
        frequency: ``[L]``, probabilities that the labels are 1, or ``[K]`` of the classes, at which training starts;
            equal ones if omitted.
        categorical: whether the label is one of K classes.

    Attributes:
        classifier: the linear layer, shared with the guide.

    Raises:
        ValueError: if frequencies are not as many probabilities as labels.

    References:
        Wu and Goodman, "Multimodal generative models for scalable weakly-supervised learning" (arXiv 1802.05335),
        section 2.

    Example:
        >>> prior = MVAEPrior(10, 4, categorical=True)
        >>> with pyro.plate("data", 5):
        ...     prior().shape
        torch.Size([5, 4])
    """

    loc: Tensor
    scale: Tensor

    def __init__(self, labels: int, dim: int, *, frequency: Tensor | None = None, categorical: bool = False):
        super().__init__()
        self.categorical, self.classifier = categorical, nn.Linear(dim, labels)
        with torch.no_grad():
            self.classifier.bias.copy_(label_logits(labels, frequency, categorical=categorical))
        self.register_buffer("loc", torch.zeros(dim))
        self.register_buffer("scale", torch.ones(dim))

    def label(self, z: Tensor) -> TorchDistribution:
        """p(y | z): event ``[L]``, or a class; binary labels between 0 and 1, as the guide may draw them, count."""
        logits = self.classifier(z)
        return dist.Categorical(logits=logits) if self.categorical else RelaxedBinary(logits).to_event(1)

    def forward(self, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample site "z" ``[B, D]`` and then the label site "y"; the code."""
        z = pyro.sample("z", dist.Normal(self.loc, self.scale).to_event(1))
        label("y", self.label(z), y, labelled)
        return z
