"""Characteristic latents, under the bounds of CCVAE and of DIVA, on batches of which some rows have labels."""

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid, softplus

from pellucid.distributions import log_expected_sigmoid, log_expected_softmax

from .networks import Shape, network

__all__ = ["HandCCVAE", "HandDIVA"]

Known = tuple[Tensor, Tensor, Tensor | None]


class Heads(nn.Module):
    """Location and scale ``[B, D]`` from features."""

    def __init__(self, features: int, dim: int):
        super().__init__()
        self.loc, self.scale = nn.Linear(features, dim), nn.Linear(features, dim)

    def forward(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """Both."""
        return self.loc(h), softplus(self.scale(h)) + 1e-6


class HandCCVAE(nn.Module):
    """The exact bound: a label that is known weighs the draw, one that is not is summed out.

    There are G labels with V values: L binary ones, or one of K classes.

    Args:
        shape: of an image.
        labels: L, or K.
        style: dimensions of the rest of the code.
        classes: whether they are classes.
        frequency: ``[labels]``, how often each is there.
        block: dimensions of each one's block.
        weight: of what labels teach the classifier beside the bound, mean over labelled rows.
        kind: of the networks, "mlp" or "conv".
    """

    log_p: Tensor

    def __init__(
        self,
        shape: Shape,
        labels: int,
        style: int = 27,
        *,
        classes: bool,
        frequency: Tensor,
        block: int = 1,
        weight: float = 10.0,
        kind: str = "mlp",
    ):
        super().__init__()
        self.encoder, features, self.decoder = network(kind, shape, labels * block + style)
        start = torch.tensor([-2.0, 2.0])[:, None, None].repeat(1, labels, block)
        self.prior = nn.ParameterDict({"loc": start, "spread": torch.ones(2, labels, block)})
        self.c, self.z = Heads(features, labels * block), Heads(features, style)
        self.classifier = nn.ParameterList([torch.ones(labels, block), torch.zeros(labels)])
        odds = frequency[:, None] if classes else torch.stack([1 - frequency, frequency])
        self.register_buffer("log_p", odds.log()[:, None])  # [V, 1, G]
        self.classes, self.block, self.weight = classes, block, weight

    def forward(self, x: Tensor, y: Tensor, labelled: Tensor) -> Tensor:
        """Loss in nats a row; ``y`` may hold any integer where not ``labelled``."""
        known = labelled[:, None]
        h, y = self.encoder(x), torch.where(known, y.reshape(len(x), -1), 0)
        (m, s), (mz, sz) = self.c(h), self.z(h)
        noise = torch.randn_like(m)
        c, z = m + s * noise, mz + sz * torch.randn_like(mz)
        pixels = self.decoder(torch.cat([c, z], 1))
        image = binary_cross_entropy_with_logits(pixels, x.flatten(1), reduction="none").sum(1)
        style = (0.5 * (sz.square() + mz.square() - 1) - sz.log()).sum()

        m, s, c, noise = (each.unflatten(1, (-1, self.block)) for each in (m, s, c, noise))
        read = self.read(c)
        code = self.against_prior(-noise.square() / 2 - s.log(), c)
        belief = read.exp()
        guessed = (belief * (code + read - self.log_p)).sum(0)
        own, right, log_w = self.known(y, m, s, read, code)
        cost = torch.where(known, own - at(y, self.log_p.expand_as(read)), guessed).sum() + style
        if log_w is not None:
            weight, others = torch.where(known, log_w, 0.0).sum(1).exp(), mean_of_others(image.detach())
            image = weight * (image - others) + others
        taught = torch.where(known, right, 0.0).sum() / labelled.sum().clamp(min=1)
        return (cost + image.sum()) / len(x) - self.weight * taught

    def logit(self, c: Tensor) -> Tensor:
        """``[B, labels]``."""
        weight, bias = self.classifier
        return (c * weight).sum(2) + bias

    def read(self, c: Tensor) -> Tensor:
        """Log-probabilities q(y | c), ``[V, B, G]``."""
        t = self.logit(c)
        return t.log_softmax(1).T[..., None] if self.classes else torch.stack([logsigmoid(-t), logsigmoid(t)])

    def against_prior(self, log_q: Tensor, c: Tensor, variance: Tensor | float = 0.0) -> Tensor:
        """Mean of log q(c | x) - log p(c | y) over codes of that mean and variance, ``[V, B, G]``."""
        loc, scale = self.prior["loc"][:, None], softplus(self.prior["spread"])[:, None] + 1e-3
        each = (log_q + ((c - loc).square() + variance) / (2 * scale.square()) + scale.log()).sum(3)
        if not self.classes:
            return each
        off, on = each  # all blocks are off but that of the class
        return (off.sum(1, keepdim=True) + on - off).T[..., None]

    def known(self, y: Tensor, m: Tensor, s: Tensor, read: Tensor, code: Tensor) -> Known:
        """Of labels that are known: code, what is taught, and the logarithm of the weight, ``[B, G]``."""
        t, by = self.logit(m), (s * self.classifier[0]).square().sum(2).sqrt()
        if self.classes:
            marginal = log_expected_softmax(t, by).gather(1, y)
        else:
            marginal = log_expected_sigmoid((2 * y - 1) * t, by)
        log_w = at(y, read) - marginal
        return log_w.exp() * (log_w + at(y, code)), marginal, log_w


class HandDIVA(HandCCVAE):
    """No weight: a known label's block has its closed divergence from that label's prior, and the classifier a cost."""

    def known(self, y: Tensor, m: Tensor, s: Tensor, read: Tensor, code: Tensor) -> Known:
        """The divergence, log q(y | c), and no weight."""
        return at(y, self.against_prior(-0.5 - s.log(), m, s.square())), at(y, read), None


def at(y: Tensor, term: Tensor) -> Tensor:
    """``[V, B, G]`` at the labels ``[B, G]``."""
    return term.gather(0, y[None])[0]


def mean_of_others(image: Tensor) -> Tensor:
    """For each row, ``[B]``."""
    return (image.sum() - image) / max(len(image) - 1, 1)
