"""The entropy of a density that is a sum of boxes of Normals, on panels as fine as each place needs."""

import math

import torch
from torch import Tensor

from .boxes import Boxes
from .kernels import NODES, REACH, children, density, gauss_legendre

__all__ = ["integrals"]

SPAN = 2**51  # more cells than a location can be away from 0
CHUNK = 2**11  # boxes whose densities are held at once
LEAST = 1e-300  # below every density that matters; its logarithm is finite


def integrals(boxes: Boxes, dimensions: int) -> tuple[Tensor, Tensor]:
    r"""Integrals over the line of the density c of each dimension.

    .. math:: - \int c(z) \log c(z) \, dz, \qquad \int c(z) \, dz

    A box of octave e leaves its density on panels of width :math:`2^e`, no scale of it being smaller. From the widest
    octave to the narrowest, a panel in which narrower ones lie is cut in halves, until every place is covered once, by
    panels as fine as the narrowest Normal that reaches there: scales may differ by any factor. On each, Gauss-Legendre
    quadrature; the error is some 1e-12.

    The result can be differentiated by the moments: the derivative of the first by the weight of a Normal in the sum
    is :math:`-1 - E[\log c]` under that Normal.

    Args:
        boxes: of D dimensions or fewer, their moments sums of weights that are at most some 1.
        dimensions: D.

    Returns:
        two ``[D]``.
    """
    moments, device = boxes.moments, boxes.key.device
    entropy, mass = moments.new_zeros(2, dimensions)
    dimension, octave, band, cell = boxes.key
    weight, half = gauss_legendre(NODES)[1].to(device), children().to(device)
    octaves = sorted(set(octave.tolist()), reverse=True)
    covered = {e: reach(dimension[octave == e], cell[octave == e]) for e in octaves}
    cut = cuts({e: panels.unique() for e, panels in covered.items()})

    key, value = dimension.new_zeros(0), moments.new_zeros(0, NODES)
    for e in range(octaves[0], octaves[-1] - 1, -1) if octaves else ():
        if e in covered:
            panels, member = torch.cat([key, covered[e].flatten()]).unique(return_inverse=True)
            above, own = member[: len(key)], member[len(key) :].view(covered[e].shape)
            value = moments.new_zeros(len(panels), NODES).index_add(0, above, value)
            value = add_densities(value, own, band[octave == e], moments[octave == e])
            key = panels
        narrower = torch.isin(key, cut[e])
        leaf = value[~narrower].clamp(min=LEAST)
        where = key[~narrower] // SPAN
        own_mass = leaf @ weight
        # dz = 2^e dt and c = leaf / 2^e
        own_entropy = -(leaf * leaf.log()) @ weight + own_mass * (e * math.log(2))
        entropy, mass = entropy.index_add(0, where, own_entropy), mass.index_add(0, where, own_mass)
        value = 0.5 * (value[narrower, None, None] @ half).flatten(0, 2)
        key = halves(key[narrower]).flatten()
    return entropy, mass


def add_densities(value: Tensor, own: Tensor, band: Tensor, moments: Tensor) -> Tensor:
    """The densities of boxes of one octave, added to the panels ``own`` ``[C, 2 REACH + 1]`` of each."""
    for b in (0, 1):
        kernel = density(b).to(value.device)
        chosen = (band == b).nonzero().squeeze(1)
        for part in chosen.split(CHUNK):
            added = moments[part].flatten(1) @ kernel
            value = value.index_add(0, own[part].flatten(), added.view(-1, NODES))
    return value


def reach(dimension: Tensor, cell: Tensor) -> Tensor:
    """Keys of the panels on which boxes leave a density, ``[C, 2 REACH + 1]``."""
    near = cell[:, None] + torch.arange(-REACH, REACH + 1, device=cell.device)
    return dimension[:, None] * SPAN + near + SPAN // 2


def halves(key: Tensor) -> Tensor:
    """Keys of the two halves of panels, ``[P, 2]``."""
    left = key // SPAN * SPAN + 2 * (key % SPAN - SPAN // 2) + SPAN // 2
    return torch.stack([left, left + 1], 1)


def cuts(covered: dict[int, Tensor]) -> dict[int, Tensor]:
    """By octave, the keys of the panels in which narrower ones lie."""
    cut, narrower = {}, None
    for e in range(min(covered, default=0), max(covered, default=-1) + 1):
        cut[e] = narrower if narrower is not None else covered[e].new_zeros(0)
        here = torch.cat([cut[e], covered[e]]) if e in covered else cut[e]
        index = here % SPAN - SPAN // 2
        narrower = (here // SPAN * SPAN + index.div(2, rounding_mode="floor") + SPAN // 2).unique()
    return cut
