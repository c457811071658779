"""Encoder and decoder made of dense layers, for rows of any shape."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import Tensor, nn

from .shapes import check_sizes, leading

__all__ = ["MLPDecoder", "MLPEncoder"]


class MLPEncoder(nn.Module):
    """Dense layers from a row, flattened, to features.

    Args:
        shape: shape of one row, such as ``(1, 28, 28)``.
        hidden: width of every layer, from the data inwards; at least one.
        activation: makes the nonlinearity that follows every layer.

    Attributes:
        out_features: size of the features, the last of ``hidden``.

    Shapes:
        ``[..., *shape]`` to ``[..., out_features]``.

    Raises:
        ValueError: if a size is not positive, or the input does not end in ``shape``.

    References:
        Kingma and Welling, "Auto-encoding variational Bayes" (2014), appendix C.

    Example:
        >>> import torch
        >>> MLPEncoder((1, 28, 28))(torch.rand(10, 32, 1, 28, 28)).shape
        torch.Size([10, 32, 400])
    """

    def __init__(
        self, shape: Sequence[int], hidden: Sequence[int] = (400,), activation: Callable[[], nn.Module] = nn.ReLU
    ) -> None:
        check_sizes(shape=shape, hidden=hidden)
        if not hidden:
            raise ValueError(
                "hidden: an encoder needs at least one layer; given ().\n"
                "Try one of:\n"
                "- hidden=(400,), the default\n"
                "- hidden=(64,), activation=torch.nn.Identity for linear features"
            )
        super().__init__()
        self.shape = tuple(shape)
        self.out_features = hidden[-1]
        sizes = pairwise((math.prod(shape), *hidden))
        self.layers = nn.Sequential(*(layer for a, b in sizes for layer in (nn.Linear(a, b), activation())))

    def forward(self, x: Tensor) -> Tensor:
        """Features ``[..., out_features]`` of ``x`` ``[..., *shape]``."""
        return self.layers(x.reshape(*leading(x, self.shape), math.prod(self.shape)))


class MLPDecoder(nn.Module):
    """Dense layers from a latent vector to a row; what the row means (logits, means) is up to the likelihood.

    Args:
        dim: size of the latent vector.
        shape: shape of one row, such as ``(1, 28, 28)``.
        hidden: width of every hidden layer, from the latent outwards; empty for a linear decoder.
        activation: makes the nonlinearity that follows every hidden layer.

    Shapes:
        ``[..., dim]`` to ``[..., *shape]``, unbounded.

    Raises:
        ValueError: if a size is not positive, or the input does not end in ``dim``.

    References:
        Kingma and Welling, "Auto-encoding variational Bayes" (2014), appendix C.

    Example:
        >>> import torch
        >>> MLPDecoder(8, (1, 28, 28))(torch.randn(10, 32, 8)).shape
        torch.Size([10, 32, 1, 28, 28])
    """

    def __init__(
        self,
        dim: int,
        shape: Sequence[int],
        hidden: Sequence[int] = (400,),
        activation: Callable[[], nn.Module] = nn.ReLU,
    ) -> None:
        check_sizes(dim=dim, shape=shape, hidden=hidden)
        super().__init__()
        self.dim = dim
        self.shape = tuple(shape)
        sizes = (dim, *hidden)
        inner = (layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), activation()))
        self.layers = nn.Sequential(*inner, nn.Linear(sizes[-1], math.prod(shape)))

    def forward(self, z: Tensor) -> Tensor:
        """Rows ``[..., *shape]`` of ``z`` ``[..., dim]``."""
        rows = leading(z, (self.dim,))
        return self.layers(z).reshape(*rows, *self.shape)
