"""The prior of characteristic latents: every label has a block of the code to itself, and speaks through it alone."""

from typing import cast

import pyro
import pyro.distributions as dist
import torch
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor, nn
from torch.nn.functional import one_hot, softplus

from ..distributions import Labels
from ..program import Program
from .label import label
from .label_logits import label_logits

__all__ = ["CharacteristicPrior"]

LEAST = 1e-3  # scale, by the source
START = 2.0  # distance of a location from 0, by the source


class CharacteristicPrior(Program):
    r"""Labels, a block of the code for each of them, and a style that no label touches.

    .. math:: p(y) = \prod_i \pi_i^{y_i} (1 - \pi_i)^{1 - y_i}, \qquad
        p(c \mid y) = \prod_i N\big(c_i;\ \mu_i(y_i), \sigma_i(y_i)^2\big), \qquad z \sim \text{style}

    The code that is decoded is ``[c, z]``. Locations start at -2 and 2, scales at softplus(1); all are learned. A
    categorical label has a block for each class: y is then one-hot.

    Args:
        labels: L binary labels, or K classes.
        style: prior of the rest of the code, such as :class:`NormalPrior` or :class:`SpikeAndSlabPrior`; None for no
            rest.
        block: dimensions a label.
        frequency: ``[L]``, probabilities that the labels are 1, or ``[K]`` of the classes; equal ones if omitted.
        categorical: whether the label is one of K classes.

    Attributes:
        blocks: the dimensions of the code that belong to each label.

    Raises:
        ValueError: if frequencies are not as many probabilities as labels.

    References:
        Joy, Schmon, Torr, Siddharth, Rainforth, "Capturing Label Characteristics in VAEs" (ICLR 2021), section 4.

    Example:
        >>> from pellucid.models import NormalPrior
        >>> prior = CharacteristicPrior(3, NormalPrior(4), block=2)
        >>> prior.blocks
        [[0, 1], [2, 3], [4, 5]]
        >>> y, known = torch.ones(8, 3), torch.tensor([[True, False, True]] * 8)
        >>> with pyro.plate("data", 8):
        ...     prior(y, known).shape  # the second label is drawn
        torch.Size([8, 10])
    """

    logits: Tensor

    def __init__(
        self,
        labels: int,
        style: nn.Module | None = None,
        *,
        block: int = 1,
        frequency: Tensor | None = None,
        categorical: bool = False,
    ):
        super().__init__()
        self.categorical, self.style = categorical, style
        self.register_buffer("logits", label_logits(labels, frequency, categorical=categorical))
        self.loc = nn.Parameter(torch.tensor([-START, START])[:, None, None].repeat(1, labels, block))
        self.spread = nn.Parameter(torch.ones(2, labels, block))

    @property
    def blocks(self) -> list[list[int]]:
        """The dimensions of the code that belong to each label, in the labels' order."""
        _, labels, block = self.loc.shape
        return torch.arange(labels * block).reshape(labels, block).tolist()

    def label(self) -> TorchDistribution:
        """p(y): event ``[L]``, or a class."""
        return (
            dist.Categorical(logits=self.logits) if self.categorical else dist.Bernoulli(logits=self.logits).to_event(1)
        )

    def conditional(self, y: Tensor) -> TorchDistribution:
        """p(c | y): event ``[C]``, batch ``[...]``, for labels ``[..., L]`` or classes ``[...]``."""
        there = one_hot(y.long(), len(self.logits)) if self.categorical else y
        there = (there.to(self.loc.dtype) > 0.5)[..., None]
        loc, scale = self.loc, softplus(self.spread) + LEAST
        loc, scale = (torch.where(there, each[1], each[0]).flatten(-2) for each in (loc, scale))
        return dist.Normal(loc, scale).to_event(1)

    def forward(self, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample the label site "y", the characteristic site "c" ``[B, C]`` and the style; the code ``[B, C + S]``."""
        y = label("y", self.label(), y, labelled)
        c = cast(Tensor, pyro.sample("c", self.conditional(y)))
        return c if self.style is None else torch.cat([c, self.style()], -1)
