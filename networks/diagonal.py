"""A linear classifier each of whose logits reads a block of the code of its own."""

import torch
from torch import Tensor, nn

from .shapes import check_sizes, leading

__all__ = ["DiagonalLinear"]


class DiagonalLinear(nn.Module):
    r"""Logits of L labels, each from its own block of a code, and from nothing else.

    .. math:: t_i = w_i \cdot c_i + b_i, \qquad
        c_i \sim N(\mu_i, \sigma_i^2) \ \Rightarrow\ t_i \sim N\big(w_i \cdot \mu_i + b_i,\ \textstyle\sum_d w_{id}^2
        \sigma_{id}^2\big)

    A logit of an independent Normal code is Normal, so the probability of its label is one integral over a line.

    Args:
        labels: L.
        block: dimensions a label.

    Attributes:
        weight: ``[L, block]``, 1 at the start.
        bias: ``[L]``, 0 at the start.

    Shapes:
        ``[..., L * block]`` to ``[..., L]``; the block of label i is the i-th stretch of the code.

    Raises:
        ValueError: if a size is not positive, or the input has another.

    References:
        Joy et al., arXiv 2006.10102: the diagonal classifier of CCVAE.

    Example:
        >>> DiagonalLinear(labels=2, block=3)(torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0, 2.0]))
        tensor([3., 2.], grad_fn=<AddBackward0>)
    """

    def __init__(self, labels: int, block: int = 1):
        check_sizes(labels=labels, block=block)
        super().__init__()
        self.weight = nn.Parameter(torch.ones(labels, block))
        self.bias = nn.Parameter(torch.zeros(labels))

    def forward(self, code: Tensor) -> Tensor:
        """The logits of a code."""
        leading(code, (self.weight.numel(),))
        return (self.weight * code.unflatten(-1, self.weight.shape)).sum(-1) + self.bias

    def spread(self, scale: Tensor) -> Tensor:
        """Standard deviations ``[..., L]`` of the logits under those of the code, ``[..., L * block]``."""
        return (self.weight * scale.unflatten(-1, self.weight.shape)).square().sum(-1).sqrt()
