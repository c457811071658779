"""The prior of M2: a label and a code that know nothing of each other, decoded together."""

import pyro
import pyro.distributions as dist
import torch
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor

from ..distributions import Labels, RelaxedBinary, label_vector, whole_rows
from ..program import Program
from .label import label
from .label_logits import label_logits

__all__ = ["M2Prior"]


class M2Prior(Program):
    r"""p(y) p(z), and the vector of both for the decoder.

    .. math:: y \sim \pi, \qquad z \sim N(0, I), \qquad x \sim p(x \mid y, z)

    What is decoded is ``[y, z]``, the label one-hot or the vector of attributes. The label site "y" of attributes is
    the whole vector: a row of which only some attributes are known counts as unlabelled.

    Args:
        labels: L binary labels, or K classes.
        dim: dimensions D of the code.
        frequency: ``[L]``, probabilities that the labels are 1, or ``[K]`` of the classes; equal ones if omitted.
        categorical: whether the label is one of K classes.

    Raises:
        ValueError: if frequencies are not as many probabilities as labels.

    References:
        Kingma, Mohamed, Rezende, Welling, "Semi-supervised learning with deep generative models" (arXiv 1406.5298), eq.
        2.

    Example:
        >>> prior = M2Prior(10, 4, categorical=True)
        >>> with pyro.plate("data", 5):
        ...     prior().shape
        torch.Size([5, 14])
    """

    logits: Tensor
    loc: Tensor
    scale: Tensor

    def __init__(self, labels: int, dim: int, *, frequency: Tensor | None = None, categorical: bool = False):
        super().__init__()
        self.classes = labels if categorical else None
        self.register_buffer("logits", label_logits(labels, frequency, categorical=categorical))
        self.register_buffer("loc", torch.zeros(dim))
        self.register_buffer("scale", torch.ones(dim))

    def label(self) -> TorchDistribution:
        """p(y): event ``[L]``, or a class; attributes between 0 and 1, as the guide may draw them, have a density."""
        return RelaxedBinary(self.logits).to_event(1) if self.classes is None else dist.Categorical(logits=self.logits)

    def sample_label(self, y: Labels, labelled: Labels) -> Tensor:
        """Sample the label site "y"."""
        return label("y", self.label(), y, whole_rows(labelled))

    def forward(self, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample the label site "y" and site "z"; the vector of both, ``[B, L + D]``."""
        y = self.sample_label(y, labelled)
        z = pyro.sample("z", dist.Normal(self.loc, self.scale).to_event(1))
        vector = label_vector(y, self.classes, z.dtype)
        batch = torch.broadcast_shapes(vector.shape[:-1], z.shape[:-1])  # below an enumerated label: [K, 1] and [K, B]
        return torch.cat([vector.expand(*batch, -1), z.expand(*batch, -1)], -1)
