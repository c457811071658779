"""The step of a pair as compiled graphs, one for each kind of batch it meets."""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ...data import Batch
from ...distributions import Labels
from ..pair import Pair
from ..step import Step
from .check import require_same
from .graph import CannotCapture, Graph, trace_once
from .parts import Parts

__all__ = ["Captured"]


class Captured(Step):
    """The loss of a pair, Pyro left behind: traced once, compiled, and checked against the pair itself.

    The first batch of a kind (shapes, dtypes, device, training or evaluation mode, with or without gradients) is
    traced into a graph of tensor operations, which ``torch.compile`` turns into machine code; later ones run it. The
    graph reads the pair's own parameters and buffers and draws from torch's generator as the pair does: an optimiser
    over the pair trains it, schedules move it, and from equal seeds it gives the pair's own loss to rounding. Before a
    graph is used its terms and gradients are compared with the pair's, under three seeds and settings of the schedules.

    What the graph does not see: Python numbers that change between calls, other than the modes of its modules.

    Args:
        pair: the pair.
        backend: of ``torch.compile``; "eager" runs the graph uncompiled.

    Attributes:
        seconds: what the last capture took, comparison included.

    Raises:
        CannotCapture: at a new kind of batch, if the pair cannot be traced, its graph differs from it, or nothing here
            can compile it.

    Example:
        >>> from pellucid import data, zoo
        >>> pair = zoo.vae(data.digits(), dim=4)
        >>> step = Captured(pair, backend="eager")
        >>> batch = Batch(torch.rand(16, 1, 8, 8))
        >>> step(batch).backward()
        >>> pair.model.decoder.layers[0].weight.grad is not None
        True
    """

    seconds = 0.0

    def __init__(self, pair: Pair, backend: str = "inductor"):
        super().__init__(pair)
        self.backend = backend
        self.parts: Parts | None = None
        self.graphs: dict[Any, Graph] = {}

    def forward(self, batch: Batch) -> Tensor:
        """The loss, 0-d."""
        graph = self.graph(batch)
        self.names = graph.names
        loss, self.means = graph.module(*batch)
        return loss

    def graph(self, batch: Batch) -> Graph:
        """The graph for batches like this one, captured if there is none yet; torch's random numbers stay untouched."""
        if self.parts is None or not self.parts.in_place:
            self.parts, self.graphs = Parts(self.pair), {}
        key = self.parts.state, kind(batch)
        if key not in self.graphs:
            self.graphs[key] = self.capture(batch)
        return self.graphs[key]

    def capture(self, batch: Batch) -> Graph:
        """A graph for batches like this one."""
        began = time.monotonic()
        traced = trace_once(self.pair, batch)
        require_same(self.pair, traced, batch, terms=1e-5, gradients=1e-5, what="the captured loss")
        if self.backend == "eager":
            self.seconds = time.monotonic() - began
            return traced
        compiled = traced._replace(module=compile_graph(traced.module, self.backend))
        try:
            # A count that each batch brings, as of the rows of its largest class, is a number in the graph.
            with torch._dynamo.config.patch(capture_scalar_outputs=True):
                require_same(self.pair, compiled, batch, terms=2e-3, gradients=5e-2, what="the compiled loss")
        except CannotCapture:
            raise
        except Exception as error:  # compilers, drivers and their absence fail in many ways
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise CannotCapture(
                f"nothing here can compile it for {batch.x.device}: {reason[0]}\nTry one of:\n"
                "- a C++ compiler (g++ or clang++) on the PATH, or named by the variable CXX\n"
                "- compile=False, which needs none"
            ) from error
        self.seconds = time.monotonic() - began
        return compiled

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"parts": None, "graphs": {}}  # a copy has parameters of its own


def compile_graph(module: Callable[..., Any], backend: str) -> Any:
    """The graph's machine code, made at its first call."""
    options: dict[str, Any] = {"guard_filter_fn": torch.compiler.skip_all_guards_unsafe}  # Captured.kind is the guard
    if backend == "inductor":
        options["fallback_random"] = True  # torch's generator, so that a run is that of the uncompiled pair
    return torch.compile(module, backend=backend, fullgraph=True, dynamic=False, options=options)


def kind(batch: Batch) -> Any:
    """What a graph depends on outside the pair: shapes, dtypes and devices of the batch, torch's modes."""
    device = batch.x.device.type
    cast = torch.is_autocast_enabled(device) and torch.get_autocast_dtype(device)
    return form(batch.x), form(batch.y), form(batch.labelled), torch.is_grad_enabled(), cast


def form(field: Labels) -> Any:
    """Shape, dtype and device; by site for a dict."""
    if isinstance(field, Tensor):
        return field.shape, field.dtype, field.device
    return field if field is None else tuple((site, form(tensor)) for site, tensor in field.items())
