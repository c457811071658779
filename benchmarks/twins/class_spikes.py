"""Sparse coding with spikes of a class's own, on batches of which some rows have a label."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from .networks import Shape
from .separation import shortfall
from .spikes import EPS, HandSpikes, entropy

__all__ = ["HandClassVSC"]


class HandClassVSC(HandSpikes):
    r"""The label summed out under q(y | x) where it is not known.

    What hangs on the class is linear in its probability: one product of gates ``[B, D]`` and log-odds ``[D, C]`` is the
    spikes' cross-entropy with every class.

    Args:
        shape: of an image.
        dim: latent dimensions D.
        classes: C.
        strength: the spikes' KL counts 1 + strength times.
        sparsity: weight of the table's KL from alpha.
        supervision: weight of the classifier's cross-entropy on labelled rows.
        separation: weight of the shortfall; 0 leaves it out.
        gain: log-odds a unit of the table is worth.
        options: of :class:`~benchmarks.twins.spikes.HandSpikes`.
    """

    def __init__(
        self,
        shape: Shape,
        dim: int,
        *,
        classes: int = 10,
        strength: float = 3.0,
        sparsity: float = 1.0,
        supervision: float = 10.0,
        separation: float = 0.0,
        gain: float = 10.0,
        **options: Any,
    ):
        super().__init__(shape, dim, **options)
        self.classifier = nn.Linear(self.features, classes)
        start = math.log(self.alpha / (1 - self.alpha)) / gain
        self.table = nn.Parameter(torch.full((classes, dim), start))
        self.classes, self.gain = classes, gain
        self.strength, self.sparsity, self.supervision, self.separation = strength, sparsity, supervision, separation

    def forward(self, x: Tensor, y: Tensor, labelled: Tensor) -> Tensor:
        """Loss in nats a row; ``y`` may hold any integer where not ``labelled``."""
        y = torch.where(labelled, y, 0)
        h = self.encoder(x)
        gate, loc, scale = self.posterior(h)
        log_q = self.classifier(h).log_softmax(1)
        belief = torch.where(labelled[:, None], one_hot(y, self.classes).to(log_q.dtype), log_q.exp())
        table = (self.gain * self.table).sigmoid().clamp(EPS, 1 - EPS)
        on, off = table.log(), (1 - table).log()

        slab = (gate * (0.5 * (scale.square() + loc.square() - 1) - scale.log())).sum()
        cross = (belief * (gate @ (on - off).T + off.sum(1))).sum()
        spikes = -cross - entropy(gate).sum()
        guess = torch.where(labelled, 0.0, (belief * log_q).sum(1)).sum() + len(x) * math.log(self.classes)
        kl = slab + guess + (1 + self.strength) * spikes
        loss = (self.reconstruction(self.draw(gate, loc, scale), x) + kl) / len(x)

        odd = table * (on - math.log(self.alpha)) + (1 - table) * (off - math.log(1 - self.alpha))
        loss = loss + self.sparsity * (belief.mean(0) @ odd.sum(1))
        right = log_q.gather(1, y[:, None]).squeeze(1)
        loss = loss - self.supervision * torch.where(labelled, right, 0.0).sum() / labelled.sum().clamp(min=1)
        if self.separation == 0:
            return loss
        return loss + self.separation * shortfall(gate, y, labelled, self.classes)
