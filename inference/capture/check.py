"""A captured loss must be the pair's own: the same terms and gradients under the same draws."""

from collections.abc import Iterator
from typing import Any

import pyro
import torch
from torch import Tensor

from ...data import Batch
from ...schedules import advance
from ..pair import Pair
from ..pyro_checks import UNCHECKED
from ..step import Step
from ..untouched import untouched
from .graph import CannotCapture, Graph

__all__ = ["require_same"]

SETTINGS = ((0, 0.0), (1, 0.37), (2, 0.81))
"""Seeds, and fractions of training to which schedules are moved: what Python holds on to differs in one of them."""


def require_same(pair: Pair, graph: Graph, batch: Batch, *, terms: float, gradients: float, what: str) -> None:
    """Compare a captured loss with the pair itself, under three seeds and settings of its schedules.

    Nothing is left of it: weights, running statistics, schedules and random numbers are as before.

    Args:
        pair: the pair.
        graph: the captured one.
        batch: on which they are compared.
        terms: largest difference of a term, in nats per row, relative where the term is above one.
        gradients: largest norm of the difference of a parameter's gradient, relative to that of the whole gradient.
        what: the name of the captured one in the message.

    Raises:
        CannotCapture: names the first term, or the parameter, that differs.
    """
    with untouched(pair, batch.x.device), pyro.settings.context(**UNCHECKED):
        for seed, done in SETTINGS:
            advance(pair, done)
            (expected, slopes), (found, others) = (evaluated(pair, each, batch, seed) for each in (Eager(pair), graph))
            if found.keys() != expected.keys():
                only = sorted(found.keys() ^ expected.keys())
                raise CannotCapture(
                    f"the sites change from call to call: {', '.join(only)} not in all of them.\nTry one of:\n"
                    "- the same sites in every call, a mask in place of an if: poutine.mask(mask=...)"
                )
            for name, value in reversed(expected.items()):  # sites and factors before their sums
                if not torch.isclose(found[name], value, rtol=terms, atol=terms, equal_nan=True):
                    raise CannotCapture(differs(f"'{name}' is {float(found[name]):.6g}", f"{float(value):.6g}", what))
            whole = sum((slope.square().sum() for slope in slopes.values()), torch.zeros_like(expected["loss"])).sqrt()
            for name, slope in slopes.items():
                distance = (others[name] - slope).norm()
                # One that is not finite fails, unless the pair's own is not finite either.
                if slope.isfinite().all() and whole.isfinite() and not distance <= gradients * whole:
                    text = f"the gradient of '{name}' is off by a norm of {float(distance):.3g}"
                    raise CannotCapture(differs(text, f"{float(whole):.3g} for the whole gradient", what))


def differs(found: str, expected: str, what: str) -> str:
    """What to say of a difference."""
    return (
        f"{what} does not compute what the pair does: {found}, against {expected} under the same draws.\nTry one of:\n"
        "- torch's random numbers in place of numpy's or Python's\n"
        "- tensors (buffers, schedules) in place of Python numbers that change from call to call"
    )


class Eager:
    """The pair's own loss, as a graph gives it."""

    def __init__(self, pair: Pair):
        self.step = Step(pair)

    def module(self, *batch: Any) -> tuple[Tensor, Tensor]:
        """The loss and the means of its terms."""
        return self.step(Batch(*batch)), self.step.means

    @property
    def names(self) -> list[str]:
        """Of the terms of the last loss."""
        return self.step.names


def evaluated(pair: Pair, graph: Graph | Eager, batch: Batch, seed: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Terms and gradients under a seed; running statistics, which a step may read, are left as they were found."""
    with untouched(pair, batch.x.device):
        torch.manual_seed(seed)
        loss, means = graph.module(*batch)
        return dict(zip(graph.names, means, strict=True)), dict(gradients(pair, loss))


def gradients(pair: Pair, loss: Tensor) -> Iterator[tuple[str, Tensor]]:
    """The gradient of each trained parameter; none of an evaluation without gradients."""
    trained = {name: parameter for name, parameter in pair.named_parameters() if parameter.requires_grad}
    if loss.requires_grad:
        slopes = torch.autograd.grad(loss, list(trained.values()), allow_unused=True)
        for (name, parameter), slope in zip(trained.items(), slopes, strict=True):
            yield name, torch.zeros_like(parameter) if slope is None else slope
