"""SHOT-VAE: the smooth bound summed over the classes, and mixtures of rows that lie near each other."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, softplus

from .mixture import share
from .networks import Shape, network

__all__ = ["HandSHOT"]


class HandSHOT(nn.Module):
    """Every row is decoded under every class from one code; mixed rows are read once more, and not decoded.

    Soft labels and codes of the clean rows come from the very pass that the bound is made of: with networks that are
    the same in training and evaluation the teacher would only repeat it.

    Args:
        shape: of an image.
        dim: dimensions D of the code.
        classes: K.
        smoothing: probability that an annotation is wrong.
        beta: variance of a pixel.
        interpolation: weight of mixed rows.
        taught: of those without label, beside 1.
        codes: weight of the distance of codes, beside 1 for labels.
    """

    def __init__(
        self,
        shape: Shape,
        dim: int,
        *,
        classes: int = 10,
        smoothing: float = 1e-3,
        beta: float = 0.25,
        interpolation: float = 1000.0,
        taught: float = 1.0,
        codes: float = 1e-3,
    ):
        super().__init__()
        self.encoder, features, self.decoder = network("mlp", shape, classes + dim)
        trunk, width, _ = network("mlp", shape, dim)
        self.classifier = nn.Sequential(trunk, nn.Linear(width, classes))
        self.loc, self.scale = nn.Linear(features, dim), nn.Linear(features, dim)
        self.classes, self.beta = classes, beta
        self.right, self.wrong = math.log1p(-smoothing), math.log(smoothing / (classes - 1))
        self.interpolation, self.taught, self.codes = interpolation, taught, codes

    def read(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log q(y | x) ``[B, K]``, and mean and standard deviation of q(z | x) ``[B, D]``."""
        h = self.encoder(x)
        return self.classifier(x).log_softmax(1), self.loc(h), softplus(self.scale(h)) + 1e-6

    def forward(self, x: Tensor, y: Tensor, labelled: Tensor) -> Tensor:
        """Loss in nats a row; ``y`` may hold any integer where not ``labelled``."""
        label = one_hot(torch.where(labelled, y, 0), self.classes).to(x.dtype)
        log_q, loc, scale = self.read(x)
        mixed = self.mixed(x, label, labelled, log_q.detach(), loc.detach(), scale.detach())
        q = log_q.exp()

        z = loc + scale * torch.randn_like(loc)
        words = torch.eye(self.classes, device=x.device)[:, None].expand(-1, len(x), -1)
        pixels = self.decoder(torch.cat([words, z.expand(self.classes, -1, -1)], 2).flatten(0, 1)).sigmoid()
        squares = (pixels.unflatten(0, (self.classes, -1)) - x.flatten(1)).square()
        image = (0.5 * squares / self.beta).sum(2) + 0.5 * math.log(2 * math.pi * self.beta) * squares.shape[2]
        kl = (0.5 * (scale.square() + loc.square() - 1) - scale.log()).sum(1)
        told = torch.where(labelled, -self.wrong - (q * label).sum(1) * (self.right - self.wrong), 0.0)
        cost = (q.T * image).sum(0) + kl + (q * log_q).sum(1) + math.log(self.classes) + told
        return cost.mean() + self.interpolation * self.consistency(labelled, *mixed)

    @torch.no_grad()
    def mixed(
        self, x: Tensor, label: Tensor, labelled: Tensor, log_q: Tensor, loc: Tensor, scale: Tensor
    ) -> tuple[Tensor, ...]:
        """Mixed images, and the labels, means and deviations that they are to be told as."""
        belief = torch.where(labelled[:, None], label, log_q.exp())
        first, second = (torch.argsort(torch.rand(len(x), device=x.device) - 2 * labelled.float()) for _ in range(2))
        by_chance = torch.empty_like(first).scatter(0, first, second)
        partner = torch.where(labelled, by_chance, self.nearest(loc, scale, labelled))
        w = torch.where(labelled, share(0.1, x), share(2.0, x))[:, None]
        images = torch.lerp(x, x[partner], w[..., None, None])
        return images, *(torch.lerp(each, each[partner], w) for each in (belief, loc, scale))

    def nearest(self, loc: Tensor, scale: Tensor, labelled: Tensor) -> Tensor:
        """Of each row without label the other one to which its code diverges least."""
        precision, spread = scale.square().reciprocal(), scale.log().sum(1)
        squares = (scale.square() + loc.square()) @ precision.T + (loc.square() * precision).sum(1)
        apart = spread + squares / 2 - loc @ (loc * precision).T
        apart = apart.masked_fill(torch.eye(len(loc), dtype=torch.bool, device=loc.device), 1e30)
        return apart.masked_fill(labelled[:, None] != labelled, torch.inf).argmin(1)

    def consistency(self, labelled: Tensor, images: Tensor, belief: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
        """Mean over labelled rows, and that over the others by its weight."""
        log_q, loc, scale = self.read(images)
        apart = ((loc - mean).square() + (scale - deviation).square()).sum(1)
        cost = self.codes * apart - (belief * log_q).sum(1)
        known, rest = (torch.where(each, cost, 0.0).sum() / each.sum().clamp(min=1) for each in (labelled, ~labelled))
        return known + self.taught * rest
