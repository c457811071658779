"""The prior of a characteristic code given labels, block by block."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ...inference import Run

__all__ = ["BlockPrior"]


class BlockPrior:
    """p(c | y) of a run, on the CPU.

    Args:
        run: whose model's prior has ``conditional(y)``.
    """

    def __init__(self, run: Run):
        self.prior: Any = run.pair.model.prior
        self.device = run.pair.device

    def given(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Location and scale ``[..., C]``, for labels ``[..., L]`` or classes ``[...]``."""
        with torch.no_grad():
            base = self.prior.conditional(y.to(self.device)).base_dist
        return base.loc.cpu(), base.scale.cpu()

    def draws(self, y: Tensor, block: Sequence[int], number: int) -> Tensor:
        """Draws of a block for each row, ``[S, N, B]``, for labels ``[N, L]`` or classes ``[N]``."""
        loc, scale = self.given(y)
        noise = torch.randn(number, len(loc), len(block))
        return loc[:, block] + scale[:, block] * noise

    def ends(self, labels: int, attributes: bool) -> tuple[Tensor, Tensor]:
        """Locations ``[C]`` of all blocks without their labels, and with them."""
        if attributes:
            off, on = self.given(torch.stack([torch.zeros(labels), torch.ones(labels)]))[0]
            return off, on
        each, _ = self.given(torch.arange(labels))  # [K, C]: block k is on in row k alone
        own = one_hot(torch.arange(labels)).bool().repeat_interleave(each.shape[1] // labels, 1)
        on = each[own]
        return each.roll(1, 0)[own], on
