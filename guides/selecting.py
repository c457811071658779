"""A posterior that also tells which pseudo-input a row's prior is."""

from typing import Any, cast

import pyro
import pyro.distributions as dist
from torch import Tensor, nn

from ..distributions import Labels
from ..program import Program

__all__ = ["SelectingPosterior"]


class SelectingPosterior(Program):
    r"""q(u | x) q(z | x): the guide of a mixture of pseudo-inputs, with u summed out.

    .. math:: E_{q(u | x)}\, KL\big(q(z \mid x) \,\|\, p(z \mid u)\big) + KL\big(q(u \mid x) \,\|\, 1/U\big)
        \ \ge\ KL\Big(q(z \mid x) \,\Big\|\, \tfrac1U \sum_u p(z \mid u)\Big)

    Both terms on the left are closed forms, and the decoder runs once.

    Args:
        posterior: samples site "z", which does not depend on u.
        selector: maps ``[B, C, H, W]`` to the logits ``[B, U]`` of q(u | x).

    References:
        Tonolini, Jensen, Murray-Smith, Variational Sparse Coding (UAI 2019), for the selector; its reading as a
        variational classifier is ours.

    Example:
        >>> from pellucid.guides import SpikeAndSlabPosterior
        >>> from pellucid.networks import MLPEncoder
        >>> selector = nn.Sequential(nn.Flatten(), nn.Linear(64, 20))
        >>> posterior = SelectingPosterior(SpikeAndSlabPosterior(MLPEncoder((1, 8, 8)), dim=4), selector)
        >>> posterior.encode(torch.rand(3, 1, 8, 8)).event_shape
        torch.Size([4])
    """

    def __init__(self, posterior: nn.Module, selector: nn.Module):
        super().__init__()
        self.posterior, self.selector = posterior, selector

    def encode(self, x: Tensor) -> dist.TorchDistribution:
        """q(z | x), as the posterior has it."""
        return cast(Any, self.posterior).encode(x)

    def forward(self, x: Tensor, y: Labels = None, labelled: Labels = None) -> Any:
        """Sample site "u" ``[B]``, or ``[U, 1]`` when enumerated, then the posterior's own sites."""
        pyro.sample("u", dist.Categorical(logits=self.selector(x)), infer={"enumerate": "parallel"})
        return self.posterior(x, y, labelled)
