"""Trying a pair without leaving a trace."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

__all__ = ["untouched"]


@contextmanager
def untouched(module: nn.Module, device: torch.device) -> Iterator[None]:
    """Afterwards parameters, buffers and torch's random numbers are what they were, in the same tensors.

    Args:
        module: what is tried.
        device: where it is, the CPU's generator being kept in any case.

    Example:
        >>> norm, x = nn.BatchNorm1d(2), torch.randn(5, 2)
        >>> with untouched(norm, x.device):
        ...     _ = norm(x)
        >>> norm.running_mean
        tensor([0., 0.])
    """
    before = [(tensor, tensor.detach().clone()) for tensor in (*module.parameters(), *module.buffers())]
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        try:
            yield
        finally:
            with torch.no_grad():
                for tensor, value in before:
                    tensor.copy_(value)
