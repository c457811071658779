"""Two priors without labels: the standard Normal, and the spike-and-slab of sparse coding."""

import pyro
import pyro.distributions as dist
import torch
from torch import Tensor

from ..distributions import Labels, SpikeAndSlab
from ..program import Program

__all__ = ["NormalPrior", "SpikeAndSlabPrior"]


class NormalPrior(Program):
    """z ~ N(0, I).

    Args:
        dim: latent dimensions D.

    Example:
        >>> with pyro.plate("data", 5):
        ...     NormalPrior(3)().shape
        torch.Size([5, 3])
    """

    def __init__(self, dim: int):
        super().__init__()
        self.register_buffer("loc", torch.zeros(dim))
        self.register_buffer("scale", torch.ones(dim))

    def forward(self, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample site "z" ``[B, D]``; labels play no part."""
        return pyro.sample("z", dist.Normal(self.loc, self.scale).to_event(1))


class SpikeAndSlabPrior(Program):
    r"""Every dimension is exactly zero, but with probability alpha a standard Normal.

    .. math:: p(z) = \prod_j \big[ \alpha\, N(z_j; 0, 1) + (1 - \alpha)\, \delta_0(z_j) \big]

    Args:
        dim: latent dimensions D.
        alpha: prior probability that a dimension is on, in (0, 1).

    Raises:
        ValueError: if alpha is not strictly between 0 and 1.

    References:
        Tonolini, Jensen, Murray-Smith, Variational Sparse Coding (UAI 2019): the fixed form of the prior.

    Example:
        >>> with pyro.plate("data", 1000):
        ...     z = SpikeAndSlabPrior(3, alpha=0.5)()
        >>> bool((z == 0).any())
        True
    """

    def __init__(self, dim: int, alpha: float = 0.05):
        super().__init__()
        if not 0 < alpha < 1:
            raise ValueError(
                f"alpha: expected a probability strictly between 0 and 1; given {alpha}. Try alpha=0.05, or "
                "NormalPrior for a dense code."
            )
        self.register_buffer("gate", torch.full((dim,), alpha))
        self.register_buffer("loc", torch.zeros(dim))
        self.register_buffer("scale", torch.ones(dim))

    def forward(self, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample site "z" ``[B, D]``; labels play no part."""
        return pyro.sample("z", SpikeAndSlab(self.gate, self.loc, self.scale).to_event(1))
