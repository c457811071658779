"""Convolutional encoder and decoder for square images of 28, 32 and 64 pixels; a layer halves or doubles the side."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from .shapes import check_sizes, leading

__all__ = ["ConvDecoder", "ConvEncoder"]

CHANNELS = {28: (32, 32), 32: (32, 32, 64), 64: (32, 32, 64, 128)}


class ConvEncoder(nn.Module):
    """Convolutions 4 x 4 of stride 2, then one dense layer, from an image to features.

    Args:
        shape: ``(C, H, W)`` of one image, ``H = W`` one of 28, 32, 64.
        channels: channels of every convolution, from the image inwards. Default: ``(32, 32)`` for 28 pixels,
            ``(32, 32, 64)`` for 32, ``(32, 32, 64, 128)`` for 64.
        hidden: width of the dense layer.
        activation: makes the nonlinearity that follows every layer.
        batch_norm: whether every convolution is followed by a batch normalisation.

    Attributes:
        out_features: size of the features, ``hidden``.

    Shapes:
        ``[..., C, H, W]`` to ``[..., out_features]``.

    Raises:
        ValueError: if the image is not square or of another size, if it cannot be halved once a layer, or if the input
            does not end in ``shape``.

    References:
        Liu et al., arXiv 1809.01804 (two layers, for 28 pixels); Joy et al., arXiv 2006.10102 (for 64 pixels, where a
        last 4 x 4 convolution is the dense layer).

    Example:
        >>> import torch
        >>> ConvEncoder((3, 64, 64))(torch.rand(2, 3, 64, 64)).shape
        torch.Size([2, 256])
    """

    def __init__(
        self,
        shape: Sequence[int],
        channels: Sequence[int] | None = None,
        hidden: int = 256,
        activation: Callable[[], nn.Module] = nn.ReLU,
        batch_norm: bool = False,
    ) -> None:
        channels, side = _plan(shape, channels)
        check_sizes(channels=channels, hidden=hidden)
        super().__init__()
        self.shape = tuple(shape)
        self.out_features = hidden
        layers = []
        for a, b in pairwise((shape[0], *channels)):
            layers.append(nn.Conv2d(a, b, 4, stride=2, padding=1, bias=not batch_norm))
            layers += [nn.BatchNorm2d(b), activation()] if batch_norm else [activation()]
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels[-1] * side**2, hidden), activation())
        _in_order(self)

    def forward(self, x: Tensor) -> Tensor:
        """Features ``[..., out_features]`` of ``x`` ``[..., C, H, W]``."""
        rows = leading(x, self.shape)
        return self.layers(x.reshape(-1, *self.shape)).reshape(*rows, self.out_features)


class ConvDecoder(nn.Module):
    """The mirror of :class:`ConvEncoder`: two dense layers, then transposed convolutions 4 x 4 of stride 2.

    What the image means (logits, means) is up to the likelihood.

    Args:
        dim: size of the latent vector.
        shape: ``(C, H, W)`` of one image, ``H = W`` one of 28, 32, 64.
        channels: channels of the *encoder's* convolutions, from the image inwards: one setting serves both.
        hidden: width of the first dense layer.
        activation: makes the nonlinearity that follows every layer but the last.
        batch_norm: whether every transposed convolution but the last is followed by a batch normalisation.

    Shapes:
        ``[..., dim]`` to ``[..., C, H, W]``, unbounded.

    Raises:
        ValueError: if the image is not square or of another size, if it cannot be halved once a layer, or if the input
            does not end in ``dim``.

    References:
        Liu et al., arXiv 1809.01804; Joy et al., arXiv 2006.10102.

    Example:
        >>> import torch
        >>> ConvDecoder(8, (3, 64, 64))(torch.randn(10, 2, 8)).shape
        torch.Size([10, 2, 3, 64, 64])
    """

    def __init__(
        self,
        dim: int,
        shape: Sequence[int],
        channels: Sequence[int] | None = None,
        hidden: int = 256,
        activation: Callable[[], nn.Module] = nn.ReLU,
        batch_norm: bool = False,
    ) -> None:
        channels, side = _plan(shape, channels)
        check_sizes(dim=dim, channels=channels, hidden=hidden)
        super().__init__()
        self.dim = dim
        self.shape = tuple(shape)
        inner = channels[-1]
        layers = [nn.Linear(dim, hidden), activation(), nn.Linear(hidden, inner * side**2), activation()]
        layers.append(nn.Unflatten(-1, (inner, side, side)))
        for a, b in pairwise(reversed(channels)):
            layers.append(nn.ConvTranspose2d(a, b, 4, stride=2, padding=1, bias=not batch_norm))
            layers += [nn.BatchNorm2d(b), activation()] if batch_norm else [activation()]
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(channels[0], shape[0], 4, stride=2, padding=1))
        _in_order(self)

    def forward(self, z: Tensor) -> Tensor:
        """Images ``[..., C, H, W]`` of ``z`` ``[..., dim]``."""
        rows = leading(z, (self.dim,))
        return self.layers(z.reshape(-1, self.dim)).reshape(*rows, *self.shape)


def _in_order(network: nn.Module) -> None:
    """Put kernels into channels-last order, in which convolutions read them: nothing is then put in order at a step."""
    for weight in network.parameters():
        if weight.dim() == 4:
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)


def _plan(shape: Sequence[int], channels: Sequence[int] | None) -> tuple[tuple[int, ...], int]:
    """Channels of the convolutions, and the side of the image after the last of them."""
    if len(shape) != 3 or shape[1] != shape[2] or shape[1] not in CHANNELS:
        raise ValueError(
            "shape: convolutional networks are for square images of 28, 32 or 64 pixels, (C, H, W); "
            f"given {tuple(shape)}.\n"
            "Try one of:\n"
            "- MLPEncoder and MLPDecoder, which take any shape\n"
            "- torch.nn.functional.interpolate(x, size=64), or padding, to one of the three sizes"
        )
    check_sizes(shape=shape)
    size = shape[1]
    channels = CHANNELS[size] if channels is None else tuple(channels)
    if not channels or size % 2 ** len(channels):
        raise ValueError(
            "channels: one or more layers, each of which halves the image; "
            f"{size} pixels cannot be halved {len(channels)} times.\n"
            "Try one of:\n"
            f"- channels={CHANNELS[size]}, the default for {size} pixels\n"
            "- padding 28 pixels to 32 for a deeper network"
        )
    return channels, size // 2 ** len(channels)
