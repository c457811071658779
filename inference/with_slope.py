"""A value whose slope was found on the way: nothing else is kept for the backward pass."""

from typing import Any, cast

import torch
from torch import Tensor

__all__ = ["with_slope"]


def with_slope(value: Tensor, x: Tensor, slope: Tensor) -> Tensor:
    """``value`` as a function of ``x`` whose derivative is ``slope``.

    Args:
        value: 0-d, computed without a graph.
        x: ``[...]``, what it is a function of.
        slope: ``[...]``, its derivative.

    Returns:
        0-d, differentiable once.

    Raises:
        RuntimeError: in a backward pass that builds a graph (``create_graph=True``): a second derivative would be
            wrong in silence.

    Example:
        >>> x = torch.tensor([3.0], requires_grad=True)
        >>> with_slope(torch.tensor(9.0), x, torch.tensor([6.0])).backward()
        >>> x.grad
        tensor([6.])
    """
    return cast(Tensor, WithSlope.apply(value, x, slope))


class WithSlope(torch.autograd.Function):
    """The value forward, the slope backward."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, x: Tensor, slope: Tensor) -> Tensor:
        """Keep the slope."""
        ctx.save_for_backward(slope)
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor | None, ...]:
        """The slope, scaled."""
        if torch.is_grad_enabled():
            raise RuntimeError(
                "class_consistency: expected a backward pass for first derivatives; this one builds a graph for second "
                "ones.\n"
                "Try one of:\n- create_graph=False\n- divergence='squared', which has derivatives of any order"
            )
        (slope,) = ctx.saved_tensors
        return None, slope * outputs[0], None
