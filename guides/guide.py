"""The amortised guide: a posterior program inside the data plate of its model."""

from typing import Any, cast

import pyro
import torch
from torch import Tensor, nn

from ..distributions import Labels
from ..program import Program

__all__ = ["Guide"]


class Guide(Program):
    """q(z, y | x): runs a posterior program in the plate ``"data"`` that :class:`pellucid.models.LatentModel` opens.

    A posterior's optional method ``shared()`` samples the latents of the whole data set, outside the plate; what it
    returns is handed to ``posterior.forward`` as its fourth argument.

    Args:
        posterior: module whose ``forward(x, y, labelled)`` samples every latent site of the prior.
        n_data: rows in the training set, as the model's.

    Example:
        >>> from pellucid.guides import NormalPosterior
        >>> from pellucid.networks import MLPEncoder
        >>> guide = Guide(NormalPosterior(MLPEncoder((1, 28, 28)), dim=8), n_data=5000)
        >>> guide(torch.rand(3, 1, 28, 28)).shape
        torch.Size([3, 8])
    """

    def __init__(self, posterior: nn.Module, n_data: int):
        super().__init__()
        self.posterior, self.n_data = posterior, n_data

    def forward(self, x: Tensor, y: Labels = None, labelled: Labels = None) -> Any:
        """Sample the latent sites given a batch; same call as the model's.

        Args:
            x: ``[B, C, H, W]``.
            y: labels, as the model takes them.
            labelled: boolean mask, as the model takes it.

        Returns:
            What the posterior returns.
        """
        shared = (cast(Any, self.posterior).shared(),) if hasattr(self.posterior, "shared") else ()
        with pyro.plate(
            "data", max(self.n_data, x.shape[0]), subsample=torch.arange(x.shape[0], device=x.device), dim=-1
        ):
            return self.posterior(x, y, labelled, *shared)
