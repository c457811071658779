"""Variational sparse coding on a fixed prior, class-consistent or not."""

from typing import Any

from torch import Tensor

from .consistency import consistency
from .networks import Shape
from .spikes import HandSpikes

__all__ = ["HandVSC"]


class HandVSC(HandSpikes):
    """A fixed spike-and-slab prior.

    Args:
        shape: of an image.
        dim: latent dimensions D.
        weight: of the consistency of classes; 0 leaves it out.
        classes: C.
        room: rows of the largest class, at least.
        options: of :class:`~benchmarks.twins.spikes.HandSpikes`.
    """

    def __init__(
        self, shape: Shape, dim: int, *, weight: float = 0.0, classes: int = 10, room: int = 0, **options: Any
    ):
        super().__init__(shape, dim, **options)
        self.weight, self.classes, self.room = weight, classes, room

    def forward(self, x: Tensor, y: Tensor | None = None, labelled: Tensor | None = None) -> Tensor:
        """Loss in nats a row."""
        gate, loc, scale = self.posterior(self.encoder(x))
        slab = 0.5 * (scale.square() + loc.square() - 1) - scale.log()
        on, off = (gate / self.alpha).log(), ((1 - gate) / (1 - self.alpha)).log()
        kl = (gate * (slab + on) + (1 - gate) * off).sum()
        loss = (self.reconstruction(self.draw(gate, loc, scale), x) + kl) / len(x)
        if self.weight == 0 or y is None:
            return loss
        return loss + self.weight * consistency(gate, y, labelled, self.classes, self.room)
