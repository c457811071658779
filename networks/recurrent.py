"""Recurrent encoder and decoder for rows that are sequences: the first axis of a row is time."""

import math
from collections.abc import Sequence

from torch import Tensor, nn

from .gru import GRU
from .shapes import check_sizes, leading

__all__ = ["RecurrentDecoder", "RecurrentEncoder"]


class RecurrentEncoder(nn.Module):
    """A gated recurrence over the steps of a row, each flattened; the features are its last state.

    Args:
        shape: ``(T, ...)`` of one row: T steps of any shape.
        hidden: size of the state.

    Attributes:
        out_features: size of the features, ``hidden``.

    Shapes:
        ``[..., T, ...]`` to ``[..., out_features]``.

    Raises:
        ValueError: if a size is not positive, if a row has no axis besides time, or if the input does not end in
            ``shape``.

    References:
        Cho et al., arXiv 1406.1078.

    Example:
        >>> import torch
        >>> RecurrentEncoder((10, 32, 4))(torch.randn(5, 2, 10, 32, 4)).shape
        torch.Size([5, 2, 128])
    """

    def __init__(self, shape: Sequence[int], hidden: int = 128) -> None:
        features = _step_size(shape)
        check_sizes(hidden=hidden)
        super().__init__()
        self.shape = tuple(shape)
        self.out_features = hidden
        self.recurrence = GRU(features, hidden)

    def forward(self, x: Tensor) -> Tensor:
        """Features ``[..., out_features]`` of ``x`` ``[..., T, ...]``."""
        rows = leading(x, self.shape)
        steps = x.reshape(rows.numel(), self.shape[0], math.prod(self.shape[1:]))
        states = self.recurrence(steps, x.new_zeros(len(steps), self.out_features))
        return states[:, -1].reshape(*rows, self.out_features)


class RecurrentDecoder(nn.Module):
    """The latent vector sets the first state of a gated recurrence and is its input at every step.

    A dense layer makes the step of a row out of each state; what it means (logits, means) is up to the likelihood.

    Args:
        dim: size of the latent vector.
        shape: ``(T, ...)`` of one row: T steps of any shape.
        hidden: size of the state.

    Shapes:
        ``[..., dim]`` to ``[..., T, ...]``, unbounded.

    Raises:
        ValueError: if a size is not positive, if a row has no axis besides time, or if the input does not end in
            ``dim``.

    References:
        Cho et al., arXiv 1406.1078, whose decoder sees the code at every step too.

    Example:
        >>> import torch
        >>> RecurrentDecoder(8, (10, 32, 4))(torch.randn(5, 2, 8)).shape
        torch.Size([5, 2, 10, 32, 4])
    """

    def __init__(self, dim: int, shape: Sequence[int], hidden: int = 128) -> None:
        features = _step_size(shape)
        check_sizes(dim=dim, hidden=hidden)
        super().__init__()
        self.dim = dim
        self.shape = tuple(shape)
        self.start = nn.Linear(dim, hidden)
        self.recurrence = GRU(dim, hidden)
        self.outward = nn.Linear(hidden, features)

    def forward(self, z: Tensor) -> Tensor:
        """Rows ``[..., T, ...]`` of ``z`` ``[..., dim]``."""
        rows = leading(z, (self.dim,))
        code = z.reshape(rows.numel(), self.dim)
        states = self.recurrence(code[:, None].expand(-1, self.shape[0], -1), self.start(code).tanh())
        return self.outward(states).reshape(*rows, *self.shape)


def _step_size(shape: Sequence[int]) -> int:
    """Numbers in one step of a row."""
    if len(shape) < 2:
        raise ValueError(
            f"shape: a row of a recurrent network is a sequence of steps, (T, ...); given {tuple(shape)}.\n"
            "Try one of:\n- x[..., None] for a sequence of single numbers: its shape is (T, 1)\n"
            "- MLPEncoder and MLPDecoder, which take any shape"
        )
    check_sizes(shape=shape)
    return math.prod(shape[1:])
