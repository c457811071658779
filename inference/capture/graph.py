"""A pair's loss for one kind of batch as a graph of tensor operations, without the programs that made it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pyro
import torch
from torch import Tensor, nn

from ...data import Batch
from ..pair import Pair
from ..pyro_checks import UNCHECKED
from .place import LastSite, last_line

__all__ = ["CannotCapture", "Graph", "trace_once"]


class CannotCapture(RuntimeError):  # noqa: N818
    """A pair cannot be traced into a graph, or its graph does not compute what the pair does."""


class Graph(NamedTuple):
    """A traced loss.

    Attributes:
        module: called as the pair is; gives the loss, 0-d, and the means of its terms ``[T]``, detached. Its parameters
            and buffers are the pair's own.
        names: of the terms.
    """

    module: nn.Module
    names: list[str]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep from the user's eyes what torch logs of its own search for the culprit: the error says it."""
    logger = logging.getLogger("torch.fx.experimental.symbolic_shapes")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


class Means(nn.Module):
    """What is traced: a pair that returns tensors."""

    def __init__(self, pair: Pair, names: list[str]):
        super().__init__()
        self.pair, self.names = pair, names

    def forward(self, *batch: Any) -> tuple[Tensor, Tensor]:
        """The loss and the means of its terms."""
        terms = self.pair(*batch)
        means = terms.summary()
        self.names[:] = means
        return terms.loss, torch.stack(list(means.values()))


def trace_once(pair: Pair, batch: Batch) -> Graph:
    """Trace a pair's loss into a graph: it runs once, on tensors without numbers, and its operations are noted down.

    The graph holds for batches of these shapes, dtypes and devices and for the mode the pair is in. It reads the pair's
    own parameters and buffers, so that an optimiser over the pair trains it and a schedule moves it. Python is not in
    it: a number kept as a Python value stays what it was, and torch's generator is the only source of chance.

    Args:
        pair: the pair.
        batch: an example; its numbers are not looked at.

    Raises:
        CannotCapture: if the programs look at a number (``if x.mean() > 0``, ``.item()``, ``.numpy()``): says at which
            site and line.

    Example:
        >>> from pellucid import data, zoo
        >>> graph = trace_once(zoo.vae(data.digits(), dim=4), Batch(torch.rand(16, 1, 8, 8)))
        >>> loss, means = graph.module(torch.rand(16, 1, 8, 8), None, None)
        >>> graph.names, len(means)
        (['loss', 'bound', 'log p(x)', 'kl(z)'], 4)
    """
    names, reached = list[str](), LastSite()
    settings: dict[str, Any] = {"module_local_params": True, **UNCHECKED}
    try:
        with pyro.settings.context(**settings), reached, quiet():
            program = torch.export.export(Means(pair, names), tuple(batch), strict=False)
    except Exception as error:  # whatever the program does to a tensor without numbers
        after = f"after site '{reached.name}'" if reached.name else "before its first site"
        raise CannotCapture(
            f"{after}, at {last_line(error)}: Python looks at numbers of the batch, or does what has no graph "
            f"({type(error).__name__}).\n"
            "Try one of:\n- torch.where(condition, a, b) in place of an if on a tensor\n"
            "- tensor operations in place of .item(), .numpy() and float(tensor)"
        ) from error
    return Graph(program.module(), names)
