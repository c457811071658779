"""Looking at a pair without changing it: evaluation mode, no gradients, and every module back as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ..mode import evaluation_mode

__all__ = ["evaluating"]


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; afterwards each submodule is in the mode it was in, whatever happened.

    Example:
        >>> layer = nn.Dropout()
        >>> with evaluating(layer):
        ...     layer.training
        False
        >>> layer.training
        True
    """
    with evaluation_mode(module), torch.no_grad():
        yield
