"""The guide as it was: what labels it gave to images before the step that now learns from them."""

import torch
from pyro.distributions import TorchDistribution
from torch import Tensor, nn

from ..mode import evaluation_mode
from .posterior_at import posterior_at

__all__ = ["Teacher"]


class Teacher(nn.Module):
    r"""Tells the posteriors at images by a guide's earlier weights, in evaluation mode and without gradients.

    With ``lag=0`` the weights are those that the step before has left. Otherwise they are a running mean,

    .. math:: \bar\theta_t = \lambda\, \bar\theta_{t - 1} + (1 - \lambda)\, \theta_{t - 1},

    kept as buffers, so that a resumed run goes on with them. Batch normalisation has the guide's own running
    statistics.

    Args:
        lag: :math:`\lambda`, in [0, 1).

    Raises:
        ValueError: if the lag is not in [0, 1).

    References:
        Tarvainen and Valpola, "Mean teachers are better role models" (NIPS 2017).

    Example:
        >>> from pellucid import data, zoo
        >>> guide = zoo.m2(data.digits(labels=100), dim=4).guide.guide
        >>> teacher = Teacher(lag=0.9)
        >>> teacher.attach(guide)
        >>> teacher(guide, torch.rand(3, 1, 8, 8))["y"].probs.sum(1).round()
        tensor([1., 1., 1.])
    """

    def __init__(self, lag: float = 0.0):
        super().__init__()
        if not 0 <= lag < 1:
            raise ValueError(
                f"lag: expected a share of the past from 0 to below 1; given {lag}. Try 0.0, the step before."
            )
        self.lag, self.names = lag, list[str]()

    def attach(self, guide: nn.Module) -> None:
        """Begin with a copy of the guide's weights."""
        if self.lag:
            self.names = [name for name, _ in guide.named_parameters()]
            for number, weight in enumerate(guide.parameters()):
                self.register_buffer(f"weight{number}", weight.detach().clone())

    @torch.no_grad()
    def forward(self, guide: nn.Module, x: Tensor) -> dict[str, TorchDistribution]:
        """Site -> its distribution at images ``[B, C, H, W]``; in training mode the mean then moves on."""
        with evaluation_mode(guide):
            if not self.lag:
                return posterior_at(guide, x)
            earlier = {f"guide.{name}": weight for name, weight in zip(self.names, self.buffers(), strict=True)}
            told = torch.func.functional_call(Reader(guide), earlier, (x,))
        if self.training:
            for earlier_weight, weight in zip(self.buffers(), guide.parameters(), strict=True):
                earlier_weight.lerp_(weight.detach(), 1 - self.lag)
        return told


class Reader(nn.Module):
    """A guide that is asked for its posteriors."""

    def __init__(self, guide: nn.Module):
        super().__init__()
        self.guide = guide

    def forward(self, x: Tensor) -> dict[str, TorchDistribution]:
        """Site -> its distribution."""
        return posterior_at(self.guide, x)
