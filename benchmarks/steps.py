"""One gradient step with a fused Adam, taken by each competitor in its own way."""

from collections.abc import Callable

import pyro
import torch
from torch import Tensor, nn

from pellucid import Batch, Pair
from pellucid.inference.capture import Captured
from pellucid.inference.pyro_checks import UNCHECKED
from pellucid.inference.step import Step

__all__ = ["captured", "compiled", "eager", "plain", "stepper"]


def stepper(loss: Callable[[], Tensor], module: nn.Module) -> Callable[[], None]:
    """A gradient step on ``loss``, a function of the module's parameters."""
    optimiser = torch.optim.Adam(module.parameters(), lr=1e-3, fused=True)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        loss().backward()
        optimiser.step()

    return step


def plain(module: nn.Module, batch: Batch) -> Callable[[], None]:
    """A module called with the batch gives the loss: a twin, or stock Pyro with the validation it comes with."""
    return stepper(lambda: module(*batch), module)


def compiled(twin: nn.Module, batch: Batch) -> Callable[[], None]:
    """The twin as one compiled graph."""
    graph = torch.compile(twin, fullgraph=True, dynamic=False)
    return stepper(lambda: graph(*batch), twin)


def captured(pair: Pair, batch: Batch) -> Callable[[], None]:
    """The step as ``fit`` takes it by default, its terms told beside the loss."""
    step = Captured(pair)
    return stepper(lambda: step(batch), pair)


def eager(pair: Pair, batch: Batch) -> Callable[[], None]:
    """The step of ``fit(compile=False)``."""
    step = Step(pair)

    def loss() -> Tensor:
        with pyro.settings.context(**UNCHECKED):
            return step(batch)

    return stepper(loss, pair)
