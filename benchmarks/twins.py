"""The zoo's pairs written by hand, as a careful person would without a library: what ours is timed against.

``tests/test_twins.py`` proves that each computes the same loss from the same weights and draws.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

__all__ = ["HandVAE", "HandVSC"]


class HandVAE(nn.Module):
    """784-400-D, Normal posterior, Bernoulli pixels."""

    def __init__(self, dim: int, pixels: int = 784, hidden: int = 400):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(pixels, hidden), nn.ReLU())
        self.loc, self.scale = nn.Linear(hidden, dim), nn.Linear(hidden, dim)
        self.decoder = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, pixels))

    def forward(self, x: Tensor) -> Tensor:
        """Loss in nats a row."""
        x = x.flatten(1)
        h = self.encoder(x)
        loc, scale = self.loc(h), softplus(self.scale(h)) + 1e-6
        z = loc + scale * torch.randn_like(loc)
        kl = (0.5 * (scale.square() + loc.square() - 1) - scale.log()).sum()
        return (binary_cross_entropy_with_logits(self.decoder(z), x, reduction="sum") + kl) / len(x)


class HandVSC(nn.Module):
    """784-400-D, relaxed spike-and-slab posterior, fixed prior; with ``labels``, consistency over all pairs."""

    def __init__(self, dim: int, alpha: float = 0.05, sharpness: float = 50.0, pixels: int = 784, hidden: int = 400):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(pixels, hidden), nn.ReLU())
        self.gate, self.loc, self.scale = (nn.Linear(hidden, dim) for _ in range(3))
        self.decoder = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, pixels))
        self.alpha, self.sharpness = alpha, sharpness

    def forward(self, x: Tensor, labels: Tensor | None = None, weight: float = 0.0) -> Tensor:
        """Loss in nats a row."""
        x = x.flatten(1)
        h = self.encoder(x)
        gate = self.gate(h).sigmoid().clamp(1e-6, 1 - 1e-6)
        loc, scale = self.loc(h), softplus(self.scale(h)) + 1e-6
        eta, eps = torch.rand_like(gate), torch.randn_like(gate)
        z = (self.sharpness * (eta - 1 + gate)).sigmoid() * (loc + scale * eps)
        slab = 0.5 * (scale.square() + loc.square() - 1) - scale.log()
        off, on = ((1 - gate) / (1 - self.alpha)).log(), (gate / self.alpha).log()
        kl = (gate * slab + (1 - gate) * off + gate * on).sum()
        loss = (binary_cross_entropy_with_logits(self.decoder(z), x, reduction="sum") + kl) / len(x)
        if labels is None:
            return loss
        j, k = torch.triu_indices(len(x), len(x), 1, device=x.device)
        same = labels[j] == labels[k]
        p, q = gate[j[same]], gate[k[same]]
        jsd = entropy((p + q) / 2) - entropy(p) / 2 - entropy(q) / 2
        return loss + weight * jsd.sum(1).mean()


def entropy(p: Tensor) -> Tensor:
    """Of a Bernoulli variable."""
    return -p * p.log() - (1 - p) * (1 - p).log()
