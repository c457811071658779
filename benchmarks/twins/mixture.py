"""EXoN: a mixture with centres on a circle, one code decoded a row or one a class, labels interpolated."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, softplus

from .networks import Shape

__all__ = ["HandMixture"]


class HandMixture(nn.Module):
    """K heads on one trunk, a classifier of its own, both divergences in closed form.

    Args:
        shape: of an image.
        dim: dimensions D of the code, 2 or more.
        classes: K.
        enumerated: whether every class is decoded.
        clamp: whether known labels stand in for the classifier's.
        beta: variance of a pixel.
        supervision: weight of the classifier's cross-entropy on labelled rows.
        interpolation: weight of mixed images told as mixed labels; 0 for none.
        hidden: widths of the dense layers.
    """

    centres: Tensor

    def __init__(
        self,
        shape: Shape,
        dim: int = 2,
        *,
        classes: int = 10,
        enumerated: bool = False,
        clamp: bool = False,
        beta: float = 0.25,
        supervision: float = 1000.0,
        interpolation: float = 0.0,
        hidden: tuple[int, ...] = (256, 128),
    ):
        super().__init__()
        pixels = math.prod(shape)
        self.encoder = nn.Sequential(nn.Flatten(), *dense(pixels, *hidden))
        self.classifier = nn.Sequential(nn.Flatten(), *dense(pixels, *hidden), nn.Linear(hidden[-1], classes))
        self.decoder = nn.Sequential(*dense(dim, *reversed(hidden)), nn.Linear(hidden[0], pixels))
        self.loc, self.scale = nn.Linear(hidden[-1], classes * dim), nn.Linear(hidden[-1], classes * dim)
        angle = (2 * torch.arange(classes) + 1) * math.pi / classes
        centres = 4 / math.sin(math.pi / classes) * torch.stack([angle.cos(), angle.sin()], 1)
        self.register_buffer("centres", nn.functional.pad(centres, (0, dim - 2)))
        self.classes, self.enumerated, self.clamp, self.beta = classes, enumerated, clamp, beta
        self.supervision, self.interpolation = supervision, interpolation

    def forward(self, x: Tensor, y: Tensor, labelled: Tensor) -> Tensor:
        """Loss in nats a row; ``y`` may hold any integer where not ``labelled``."""
        y = torch.where(labelled, y, 0)
        mixed = self.mixed(x, y, labelled) if self.interpolation else None
        h = self.encoder(x)
        loc, scale = (head(h).unflatten(1, (self.classes, -1)).movedim(1, 0) for head in (self.loc, self.scale))
        scale = softplus(scale) + 1e-6  # [K, B, D]
        z = loc + scale * torch.randn(loc.shape, device=x.device)
        log_q = self.classifier(x).log_softmax(1)
        belief, guess = log_q.exp(), log_q
        if self.clamp:
            belief = torch.where(labelled[:, None], one_hot(y, self.classes).to(log_q.dtype), belief)
            guess = torch.where(labelled[:, None], 0.0, log_q)
        away = (loc - self.centres[:, None]).square()
        kl = (0.5 * ((scale.square() + away) / 4 - 1) - scale.log() + math.log(2)).sum(2).T
        cost = (belief * (kl + guess)).sum(1) + math.log(self.classes)
        if self.enumerated:
            pixels = self.decoder(z.flatten(0, 1)).unflatten(0, (self.classes, -1))
            image = (belief.T * self.squares(pixels, x.flatten(1))).sum(0)
        else:
            drawn = torch.where(labelled[:, None] & (belief < 0.5), -torch.inf, guess) if self.clamp else log_q
            noise = torch.rand(len(x), self.classes, device=x.device).clamp(1e-7, 1 - 1e-7)
            score = drawn - (-noise.log()).log()
            soft = score.softmax(1)
            choice = one_hot(score.argmax(1), self.classes) + (soft - soft.detach())
            image = self.squares(self.decoder((choice.T[..., None] * z).sum(0)), x.flatten(1))
        constant = 0.5 * x[0].numel() * math.log(2 * math.pi * self.beta)
        right = log_q.gather(1, y[:, None]).squeeze(1)
        taught = torch.where(labelled, right, 0.0).sum() / labelled.sum().clamp(min=1)
        loss = (image + cost).mean() + constant - self.supervision * taught
        return loss if mixed is None else loss + self.interpolation * self.told(*mixed, labelled)

    def squares(self, pixels: Tensor, x: Tensor) -> Tensor:
        """Half the squared error of logits of pixels, over their variance."""
        return (pixels.sigmoid() - x).square().sum(-1) / (2 * self.beta)

    @torch.no_grad()
    def mixed(self, x: Tensor, y: Tensor, labelled: Tensor) -> tuple[Tensor, Tensor]:
        """Mixed images and their soft labels."""
        target = torch.where(labelled[:, None], one_hot(y, self.classes), self.classifier(x).softmax(1))
        first, second = (torch.argsort(torch.rand(len(x), device=x.device) - 2 * labelled.float()) for _ in range(2))
        partner = torch.empty_like(first).scatter(0, first, second)
        w = torch.where(labelled, share(0.1, x), share(2.0, x))
        return torch.lerp(x, x[partner], w[:, None, None, None]), torch.lerp(target, target[partner], w[:, None])

    def told(self, x: Tensor, target: Tensor, labelled: Tensor) -> Tensor:
        """The cross-entropy of mixed images, mean over both kinds of rows."""
        cost = -(target * self.classifier(x).log_softmax(1)).sum(1)
        means = [torch.where(kind, cost, 0.0).sum() / kind.sum().clamp(min=1) for kind in (labelled, ~labelled)]
        return means[0] + means[1]


def share(a: float, x: Tensor) -> Tensor:
    """Beta(a, a) by way of Student's t."""
    u, v = torch.rand(2, len(x), device=x.device)
    t = torch.expm1(-u.log() / a).sqrt() * (2 * math.pi * v).cos()
    return (1 + t.sign() / (1 + 1 / t.square()).sqrt()) / 2


def dense(*sizes: int) -> list[nn.Module]:
    """Linear layers, each with a ReLU."""
    return [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU())]
