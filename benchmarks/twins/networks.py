"""Encoders and decoders as sequences of layers: one dense layer of 400, or convolutions for 28 pixels."""

import math
from functools import partial

import torch
from torch import nn

__all__ = ["network"]

Shape = tuple[int, int, int]


def network(kind: str, shape: Shape, dim: int) -> tuple[nn.Sequential, int, nn.Sequential]:
    """Encoder from images ``[B, C, H, W]``, the number of its features, and decoder to pixels ``[B, C * H * W]``."""
    return conv(shape, dim) if kind == "conv" else mlp(shape, dim)


def mlp(shape: Shape, dim: int, hidden: int = 400) -> tuple[nn.Sequential, int, nn.Sequential]:
    """Pixels-400-D and back."""
    pixels = math.prod(shape)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(pixels, hidden), nn.ReLU())
    return encoder, hidden, nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, pixels))


def conv(shape: Shape, dim: int, width: int = 32, hidden: int = 256) -> tuple[nn.Sequential, int, nn.Sequential]:
    """Two convolutions 4 x 4 of stride 2 and a dense layer, and back; weights in the order that is fast on a CPU."""
    channels, side = shape[0], shape[1] // 4
    down = partial(nn.Conv2d, kernel_size=4, stride=2, padding=1)
    up = partial(nn.ConvTranspose2d, kernel_size=4, stride=2, padding=1)
    encoder = nn.Sequential(
        down(channels, width),
        nn.ReLU(),
        down(width, width),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(width * side**2, hidden),
        nn.ReLU(),
    )
    decoder = nn.Sequential(
        nn.Linear(dim, hidden),
        nn.ReLU(),
        nn.Linear(hidden, width * side**2),
        nn.ReLU(),
        nn.Unflatten(1, (width, side, side)),
        up(width, width),
        nn.ReLU(),
        up(width, channels),
        nn.Flatten(),
    )
    fast = {"memory_format": torch.channels_last}
    return encoder.to(**fast), hidden, decoder.to(**fast)
