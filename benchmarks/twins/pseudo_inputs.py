"""Sparse coding on a prior of pseudo-inputs: the encoder's own posteriors at learned images."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from .networks import Shape, mlp
from .spikes import EPS, HandSpikes, entropy

__all__ = ["HandPseudoInputVSC"]


class HandPseudoInputVSC(HandSpikes):
    """A mixture of U posteriors as the prior, its component told by a selector.

    Args:
        shape: of an image.
        dim: latent dimensions D.
        count: U.
        charged: False picks the selector's best component, straight through and free of charge; True sums the component
            out under the selector's probabilities.
        nu: slope of the squash of the prior's gates.
        options: of :class:`~benchmarks.twins.spikes.HandSpikes`.
    """

    def __init__(
        self, shape: Shape, dim: int, *, count: int = 20, charged: bool = False, nu: float = 10.0, **options: Any
    ):
        super().__init__(shape, dim, **options)
        layers, features, _ = mlp(shape, dim)
        self.selector = nn.Sequential(*layers, nn.Linear(features, count))
        self.pixels = nn.Parameter(torch.randn(count, *shape))
        self.count, self.charged, self.nu = count, charged, nu

    def forward(self, x: Tensor, y: Tensor | None = None, labelled: Tensor | None = None) -> Tensor:
        """Loss in nats a row; labels play no part."""
        q = self.posterior(self.encoder(x))
        gate, loc, scale = self.posterior(self.encoder(self.pixels.sigmoid()))
        p = (self.nu * (gate - 0.5)).sigmoid().clamp(EPS, 1 - EPS), loc, scale  # [U, D]
        kl = (self.summed_out if self.charged else self.picked)(self.selector(x), q, p)
        mean = p[0].mean().clamp(EPS, 1 - EPS)
        on, off = (mean / self.alpha).log(), ((1 - mean) / (1 - self.alpha)).log()
        aggregate = gate.shape[1] * (mean * on + (1 - mean) * off)
        return (self.reconstruction(self.draw(*q), x) + kl) / len(x) + aggregate

    def picked(self, scores: Tensor, q: tuple[Tensor, ...], p: tuple[Tensor, ...]) -> Tensor:
        """KL to the component of the best score, summed over the batch."""
        soft = scores.softmax(1)
        choice = one_hot(soft.argmax(1), self.count) + (soft - soft.detach())
        (gate, loc, scale), (at, to, by) = q, (choice @ torch.cat(p, 1)).chunk(3, 1)
        slab = 0.5 * ((scale / by).square() + ((loc - to) / by).square() - 1) - (scale / by).log()
        return (gate * (slab - at.log()) - (1 - gate) * (1 - at).log() - entropy(gate)).sum()

    def summed_out(self, scores: Tensor, q: tuple[Tensor, ...], p: tuple[Tensor, ...]) -> Tensor:
        """Expected KL to the components and the selector's own from 1/U, summed over the batch.

        No logarithm is of a row and a component together: all but their squared distance is a product of matrices.
        """
        log_q = scores.log_softmax(1)
        (gate, loc, scale), (at, to, by) = q, p
        off = (1 - at).log()
        squares = (scale.square()[:, None] + (loc[:, None] - to).square()) / (2 * by.square())  # [B, U, D]
        apart = (gate[:, None] * squares).sum(2) + gate @ (by.log() - at.log() + off).T - off.sum(1)
        alone = (gate * (scale.log() + 0.5) + entropy(gate)).sum()
        return (log_q.exp() * (apart + log_q)).sum() - alone + len(gate) * math.log(self.count)
