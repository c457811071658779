"""The variational autoencoder, and its form with a weighted KL."""

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from .networks import Shape, network

__all__ = ["HandVAE"]


class HandVAE(nn.Module):
    """Normal posterior, Bernoulli pixels.

    Args:
        shape: of an image.
        dim: latent dimensions D.
        kind: of the networks, "mlp" or "conv".
        beta: weight of the KL, kept as a 0-d buffer; None for the plain bound.
    """

    beta: Tensor | None

    def __init__(self, shape: Shape, dim: int, kind: str = "mlp", beta: float | None = None):
        super().__init__()
        self.encoder, features, self.decoder = network(kind, shape, dim)
        self.loc, self.scale = nn.Linear(features, dim), nn.Linear(features, dim)
        self.register_buffer("beta", None if beta is None else torch.tensor(beta))

    def forward(self, x: Tensor, y: Tensor | None = None, labelled: Tensor | None = None) -> Tensor:
        """Loss in nats a row; labels play no part."""
        h = self.encoder(x)
        loc, scale = self.loc(h), softplus(self.scale(h)) + 1e-6
        z = loc + scale * torch.randn_like(loc)
        kl = (0.5 * (scale.square() + loc.square() - 1) - scale.log()).sum()
        if self.beta is not None:
            kl = self.beta * kl
        return (binary_cross_entropy_with_logits(self.decoder(z), x.flatten(1), reduction="sum") + kl) / len(x)
