"""M2 for classes: the label summed out under q(y | x) where it is not known."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, one_hot, softplus

from .networks import Shape, network

__all__ = ["HandM2"]


class HandM2(nn.Module):
    """Every row is decoded under every class; the image's half of the layer before the code is computed once.

    Args:
        shape: of an image.
        dim: dimensions D of the code.
        classes: K.
        supervision: weight of the classifier's cross-entropy on labelled rows.
        frequency: ``[K]`` of the classes; equal ones if omitted.
        kind: of the networks, "mlp" or "conv".
    """

    log_p: Tensor

    def __init__(
        self,
        shape: Shape,
        dim: int,
        *,
        classes: int = 10,
        supervision: float = 10.0,
        frequency: Tensor | None = None,
        kind: str = "mlp",
    ):
        super().__init__()
        self.encoder, features, self.decoder = network(kind, shape, classes + dim)
        self.classifier = nn.Linear(features, classes)
        self.image, self.word = nn.Linear(features, features), nn.Linear(classes, features, bias=False)
        self.loc, self.scale = nn.Linear(features, dim), nn.Linear(features, dim)
        log_p = torch.full((classes,), -math.log(classes)) if frequency is None else frequency.log()
        self.register_buffer("log_p", log_p)
        self.classes, self.supervision = classes, supervision

    def forward(self, x: Tensor, y: Tensor, labelled: Tensor) -> Tensor:
        """Loss in nats a row; ``y`` may hold any integer where not ``labelled``."""
        y = torch.where(labelled, y, 0)
        h = self.encoder(x)
        log_q = self.classifier(h).log_softmax(1)
        belief = torch.where(labelled[:, None], one_hot(y, self.classes).to(log_q.dtype), log_q.exp())

        g = (self.word.weight.T[:, None] + self.image(h)).relu()  # [K, B, F]
        loc, scale = self.loc(g), softplus(self.scale(g)) + 1e-6
        z = loc + scale * torch.randn_like(loc)
        words = torch.eye(self.classes, device=x.device)[:, None].expand(-1, len(x), -1)
        pixels = self.decoder(torch.cat([words, z], 2).flatten(0, 1)).unflatten(0, (self.classes, -1))
        image = binary_cross_entropy_with_logits(pixels, x.flatten(1).expand_as(pixels), reduction="none").sum(2)
        kl = (0.5 * (scale.square() + loc.square() - 1) - scale.log()).sum(2)
        cost = (belief.T * (image + kl - self.log_p[:, None])).sum()

        guess = torch.where(labelled, 0.0, (belief * log_q).sum(1)).sum()
        right = log_q.gather(1, y[:, None]).squeeze(1)
        taught = torch.where(labelled, right, 0.0).sum() / labelled.sum().clamp(min=1)
        return (cost + guess) / len(x) - self.supervision * taught
