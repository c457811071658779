"""MVAE for classes: three bounds for a row with a label, one for a row without."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, one_hot, softplus

from .networks import Shape, network

__all__ = ["HandMVAE"]


class HandMVAE(nn.Module):
    """The two codes that are decoded go through the decoder together.

    Args:
        shape: of an image.
        dim: dimensions D of the code.
        classes: K.
        weight: of log p(y | z).
        kind: of the networks, "mlp" or "conv".
    """

    def __init__(self, shape: Shape, dim: int, *, classes: int = 10, weight: float = 10.0, kind: str = "mlp"):
        super().__init__()
        self.encoder, features, self.decoder = network(kind, shape, dim)
        self.loc, self.precision = nn.Linear(features, dim), nn.Linear(features, dim)
        self.classifier = nn.Linear(dim, classes)
        start = torch.tensor([0.0, math.log(math.expm1(1.0))])
        self.table = nn.Parameter(start[:, None, None].repeat(1, classes, dim))
        self.classes, self.weight = classes, weight

    def forward(self, x: Tensor, y: Tensor, labelled: Tensor) -> Tensor:
        """Loss in nats a row; ``y`` may hold any integer where not ``labelled``."""
        h, y = self.encoder(x), torch.where(labelled, y, 0)
        sure = softplus(self.precision(h))
        said = one_hot(y, self.classes) * labelled[:, None].to(h.dtype)
        expert = softplus(self.table[1])
        word, heard = said @ expert, said @ (expert * self.table[0])
        seen = sure * self.loc(h)

        both, kl_both = draw(1 + sure + word, seen + heard)
        alone, kl_alone = draw(1 + sure, seen)
        spoken, kl_spoken = draw(1 + word, heard)
        pixels, target = self.decoder(torch.cat([both, alone])), x.flatten(1)
        images = binary_cross_entropy_with_logits(pixels, torch.cat([target, target]), reduction="none").sum(1)
        image, again = images.chunk(2)
        log_p = self.classifier(torch.cat([both, spoken])).log_softmax(1)
        right = log_p.gather(1, torch.cat([y, y])[:, None]).squeeze(1).unflatten(0, (2, -1)).sum(0)
        more = again + kl_alone + kl_spoken - self.weight * right
        return (image + kl_both + torch.where(labelled, more, 0.0)).sum() / len(x)


def draw(precision: Tensor, weighted: Tensor) -> tuple[Tensor, Tensor]:
    """A code ``[B, D]`` of the product of experts, and the product's KL ``[B]`` from the standard Normal."""
    loc, scale = weighted / precision, precision.rsqrt()
    kl = 0.5 * (scale.square() + loc.square() - 1 + precision.log())
    return loc + scale * torch.randn_like(loc), kl.sum(1)
