"""The entropy of each row's own posterior: in closed form for one Normal, by quadrature for several."""

import math

import torch
from torch import Tensor

from .components import Components
from .kernels import gauss_legendre

__all__ = ["row_entropy", "surprise"]

EDGE = 9  # standard deviations beyond which a Normal is not looked for
NODES = 12  # in a panel
FAINT = 1e-15  # of a row's mass: components below it change an entropy by less than 1e-12
CHUNK = 2**21  # densities held at once


def row_entropy(q: Components) -> Tensor:
    r"""Entropy of each row in each dimension, ``[N, D]`` nats, the atom counted as such.

    .. math:: - (1 - w) \log (1 - w) - \int c(z) \log c(z) \, dz, \qquad c = \textstyle\sum_k w_k N_k, \quad w =
        \sum_k w_k

    One Normal: :math:`-w \log w + \frac w2 \log(2 \pi e \sigma^2)`. Several: Gauss-Legendre quadrature on panels cut at
    whole standard deviations of every component, so that each is resolved whatever the others' scales; components that
    carry next to nothing are left out first. The time grows with the square of
    the number of components that are left.
    """
    weight, order = q.weight.sort(-1, descending=True)
    loc, scale = q.loc.gather(-1, order).flatten(0, 1), q.scale.gather(-1, order).flatten(0, 1)
    weight = weight.flatten(0, 1)
    needed = (weight > FAINT).sum(-1).clamp(min=1)
    value = normal_entropy(weight[:, 0], scale[:, 0])
    for k in needed.unique().tolist():
        if k > 1:
            rows = (needed == k).nonzero().squeeze(1)
            for part in rows.split(max(1, CHUNK // ((2 * EDGE + 1) * NODES * k * k))):
                value[part] = mixture_entropy(weight[part, :k], loc[part, :k], scale[part, :k])
    value = value.view(q.loc.shape[:2])
    return value if q.atom is None else value + surprise(q.atom)


def normal_entropy(weight: Tensor, scale: Tensor) -> Tensor:
    r""":math:`-\int c \log c` of one weighted Normal, elementwise."""
    return surprise(weight) + weight * (scale.log() + 0.5 * (1 + math.log(2 * math.pi)))


def mixture_entropy(weight: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    r""":math:`-\int c \log c` of weighted Normals, ``[M, K]`` each, summed over the last: ``[M]``."""
    loc = loc - loc[:, :1]  # far from 0 the places between components would be rounded
    node, share = (each.to(loc.device) for each in gauss_legendre(NODES))
    whole = torch.arange(-EDGE, EDGE + 1, device=loc.device)
    cuts = (loc[..., None] + scale[..., None] * whole).flatten(1).sort(-1).values
    width = cuts.diff(dim=-1)[..., None]
    z = (cuts[:, :-1, None] + width * node).flatten(1)[..., None]  # [M, panels NODES, 1]
    height = weight / scale / math.sqrt(2 * math.pi)
    density = (((z - loc[:, None]) / scale[:, None]).square_().mul_(-0.5).exp_() * height[:, None]).sum(-1)
    return (surprise(density) * (width * share).flatten(1)).sum(-1)


def surprise(p: Tensor) -> Tensor:
    """``-p log p``, elementwise, 0 at 0."""
    return -torch.xlogy(p, p)
