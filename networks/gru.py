"""A gated recurrence written out, so that a pair that holds it can be captured, vectorised and moved like any other."""

import torch
from torch import Tensor, nn

__all__ = ["GRU"]


class GRU(nn.Module):
    r"""A gated recurrent unit over the steps of a sequence.

    .. math::
        r_t = \sigma(W_r x_t + U_r h_{t-1}), \quad u_t = \sigma(W_u x_t + U_u h_{t-1}), \quad
        n_t = \tanh\big(W_n x_t + r_t \odot U_n h_{t-1}\big), \quad h_t = (1 - u_t) \odot n_t + u_t \odot h_{t-1}

    with a bias in every W and U. The same function of the same numbers as ``torch.nn.GRU``, whose fused kernel has no
    batching rule for ``torch.vmap`` and hides its weights from ``torch.export``; here the input's part of all steps is
    one matrix product. A compiler sees every step: its time grows with T, to minutes for 60 of them, and what it saves
    a step is then repaid only by a long training (``fit(compile=False)`` goes without).

    Args:
        features: size of a step.
        hidden: size H of the state.

    Shapes:
        ``[B, T, features]`` and a first state ``[B, H]`` to the states ``[B, T, H]``.

    References:
        Cho et al., arXiv 1406.1078; the reset gate acts behind U, as in cuDNN and torch.

    Example:
        >>> GRU(3, 5)(torch.rand(2, 7, 3), torch.zeros(2, 5)).shape
        torch.Size([2, 7, 5])
    """

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.inward = nn.Linear(features, 3 * hidden)
        self.onward = nn.Linear(hidden, 3 * hidden)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        """States ``[B, T, H]`` of ``x`` ``[B, T, features]`` after the first state ``h`` ``[B, H]``."""
        states = []
        for step in self.inward(x).unbind(1):
            (r, u, n), (r_h, u_h, n_h) = step.chunk(3, -1), self.onward(h).chunk(3, -1)
            new, keep = (n + (r + r_h).sigmoid() * n_h).tanh(), (u + u_h).sigmoid()
            h = new + keep * (h - new)
            states.append(h)
        return torch.stack(states, 1)
