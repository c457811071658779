"""Components of a mixture that are the guide's own, at one learned image for each class."""

from collections.abc import Sequence
from typing import Any, cast

import pyro.distributions as dist
import torch
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor, nn

from ..mode import evaluation_mode
from ..program import Program

__all__ = ["PseudoCentres"]


class PseudoCentres(Program):
    r"""The VampPrior's components, as the centres of a :class:`MixturePrior`.

    .. math:: p(z \mid y = k) = q(z \mid x_k, y = k), \qquad x_k \text{ an image of sigmoids of free parameters}

    The posterior is used in evaluation mode, as layers such as batch normalisation must not see the pseudo-inputs as a
    batch. It is one module with the guide's: gradients reach it from both sides.

    Args:
        posterior: the guide's own, a :class:`~pellucid.guides.MixturePosterior` of K classes.
        shape: of one image.

    References:
        Tomczak, Welling, "VAE with a VampPrior" (arXiv 1705.07120), eq. 9; a pseudo-input for each class is ours.

    Example:
        >>> from pellucid.guides.mixture import MixturePosterior
        >>> from pellucid.models.mixture import MixturePrior
        >>> from pellucid.networks import MLPEncoder
        >>> posterior = MixturePosterior(MLPEncoder((1, 8, 8)), classes=10, dim=2)
        >>> prior = MixturePrior(10, 2, centres=PseudoCentres(posterior, (1, 8, 8)))
        >>> prior.components().batch_shape, prior.components().event_shape
        (torch.Size([10]), torch.Size([2]))
    """

    def __init__(self, posterior: nn.Module, shape: Sequence[int]):
        super().__init__()
        self.posterior = posterior
        self.pixels = nn.Parameter(torch.randn(cast(int, posterior.classes), *shape))

    @property
    def images(self) -> Tensor:
        """The pseudo-inputs ``[K, *shape]``, in (0, 1)."""
        return self.pixels.sigmoid()

    def forward(self) -> TorchDistribution:
        """p(z | y) of every class: batch ``[K]``, event ``[D]``."""
        with evaluation_mode(self.posterior):
            every = cast(Any, self.posterior).components(self.images).base_dist  # [K images, K classes, D]
        return dist.Normal(*(each.diagonal(dim1=0, dim2=1).T for each in (every.loc, every.scale))).to_event(1)
