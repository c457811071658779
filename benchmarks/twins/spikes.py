"""What the sparse coders share: networks, three heads, a relaxed draw and the pixels' cost."""

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from .networks import Shape, network

__all__ = ["EPS", "HandSpikes", "entropy"]

EPS = 1e-6


class HandSpikes(nn.Module):
    """A relaxed spike-and-slab posterior and Bernoulli pixels.

    Args:
        shape: of an image.
        dim: latent dimensions D.
        kind: of the networks, "mlp" or "conv".
        alpha: prior probability that a dimension is on.
        sharpness: of the relaxed gates; a 0-d buffer, for it moves in training.
    """

    sharpness: Tensor

    def __init__(self, shape: Shape, dim: int, kind: str = "mlp", alpha: float = 0.05, sharpness: float = 50.0):
        super().__init__()
        self.encoder, self.features, self.decoder = network(kind, shape, dim)
        self.gate, self.loc, self.scale = (nn.Linear(self.features, dim) for _ in range(3))
        self.alpha = alpha
        self.register_buffer("sharpness", torch.tensor(sharpness))

    def posterior(self, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gate, mean and scale ``[B, D]`` from features."""
        return self.gate(h).sigmoid().clamp(EPS, 1 - EPS), self.loc(h), softplus(self.scale(h)) + EPS

    def draw(self, gate: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
        """A relaxed draw ``[B, D]``."""
        eta, eps = torch.rand_like(gate), torch.randn_like(gate)
        return (self.sharpness * (eta - 1 + gate)).sigmoid() * (loc + scale * eps)

    def reconstruction(self, z: Tensor, x: Tensor) -> Tensor:
        """-log p(x | z), summed over the batch."""
        return binary_cross_entropy_with_logits(self.decoder(z), x.flatten(1), reduction="sum")


def entropy(p: Tensor) -> Tensor:
    """Of a Bernoulli variable, elementwise."""
    return -p * p.log() - (1 - p) * (1 - p).log()
