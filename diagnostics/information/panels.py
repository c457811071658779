"""The entropy of a density that is a sum of boxes of Normals, on panels as fine as each place needs."""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from .boxes import Boxes
from .kernels import LOCS, NODES, PRECISIONS, REACH, children, density, gauss_legendre

__all__ = ["Integrals", "integrate"]

SPAN = 2**51  # more cells than a location can be away from 0, to either side together
PANELS = 2**15  # gone down from at once
STRETCH = 2**13  # boxes of an octave whose panels are held at once
TOGETHER = 2**11  # boxes whose densities are held at once
LEAST = 1e-300  # below every density that matters; its logarithm is finite
LOG_2 = math.log(2)
NONE = torch.zeros(0, dtype=torch.long)

Range = tuple[int, int]
"""Keys of panels from one to before another. A key is ``dimension SPAN + index + SPAN / 2``."""


@dataclass(frozen=True)
class Integrals:
    r"""Integrals over the line of the density c of each of D dimensions.

    Attributes:
        entropy: ``[D]``, :math:`-\int c \log c`.
        moments: ``[D, 3]``, :math:`\int c`, :math:`\int z c`, :math:`\int z^2 c`.
        slope: of the entropy by the moments of the boxes, of their shape. For a Normal in its box the sum of slope
            times polynomials is :math:`-1 - E[\log c]` under that Normal.
    """

    entropy: Tensor
    moments: Tensor
    slope: Tensor


def integrate(boxes: Boxes, dimensions: int) -> Integrals:
    r"""The integrals, by Gauss-Legendre quadrature on panels.

    A box of octave e leaves its density on panels of width :math:`2^e`, no scale of it being smaller. From the widest
    octave to the narrowest, a panel in which narrower ones lie is cut in halves, until every place is covered once, by
    panels as fine as the narrowest Normal that reaches there: scales may differ by any factor. Where many panels lie at
    one level, stretches of them are gone down from one after another, so that memory does not grow with the boxes.

    Args:
        boxes: sorted by key, of D dimensions or fewer; their moments sums of weights of at most some 1 a dimension.
        dimensions: D.
    """
    return Descent(boxes, dimensions).integrals()


class Descent:
    """A way down from the widest panels to the narrowest, and the slope's way back up.

    Args:
        boxes: as :func:`integrate` takes them.
        dimensions: D.
    """

    def __init__(self, boxes: Boxes, dimensions: int):
        self.boxes, self.dimensions, self.slope = boxes, dimensions, torch.zeros_like(boxes.moments)
        self.entropy, self.moments = boxes.moments.new_zeros(dimensions), boxes.moments.new_zeros(dimensions, 3)
        dimension, octave, self.band, cell = boxes.key
        panel = dimension * SPAN + cell + SPAN // 2
        self.levels: dict[int, tuple[Tensor, Tensor]] = {}  # octave -> rows of its boxes by place, and their panels
        for e in sorted(set(octave.tolist()), reverse=True):
            (row,) = (octave == e).nonzero(as_tuple=True)
            key, order = panel[row].sort()
            self.levels[e] = row[order], key
        self.cut = cuts({e: near(key).unique() for e, (_, key) in self.levels.items()})
        self.node, self.weight = gauss_legendre(NODES)
        self.half = children()

    def integrals(self) -> Integrals:
        """All of the way."""
        if self.levels:
            top = max(self.levels) + 1
            none = self.slope.new_zeros(0, NODES)
            self.descend(top, (0, self.dimensions * SPAN), NONE, none)
        return Integrals(self.entropy, self.moments, self.slope)

    def descend(self, e: int, within: Range, key: Tensor, value: Tensor) -> Tensor:
        """Integrate over panels, and over all narrower ones in a range.

        Args:
            e: their width is 2^e.
            within: the range.
            key: ``[P]``, of the panels, ascending.
            value: ``[P, NODES]``, 2^e c, without the densities of narrower boxes.

        Returns:
            ``[P, NODES]``, the derivative of the entropy by the values.
        """
        if len(key) > PANELS:
            starts = [within[0], *key[PANELS::PANELS].tolist(), within[1]]
            ranges = zip(starts[:-1], starts[1:], key.split(PANELS), value.split(PANELS), strict=True)
            return torch.cat([self.descend(e, (low, high), k, v) for low, high, k, v in ranges])
        narrower = torch.isin(key, self.cut[e]) if e in self.cut else torch.zeros_like(key, dtype=torch.bool)
        slope = torch.empty_like(value)
        slope[~narrower] = self.leaves(e, key[~narrower], value[~narrower])

        inner = 0.5 * (value[narrower, None, None] @ self.half).flatten(0, 2)
        below = self.go_down(e, within, halves(key[narrower]).flatten(), inner)
        slope[narrower] = 0.5 * (below.view(-1, 2, 1, NODES) @ self.half.mT).sum((1, 2))
        return slope

    def leaves(self, e: int, key: Tensor, value: Tensor) -> Tensor:
        """Add the integrals over panels that no narrower one lies in; the derivative by their values."""
        dimension, index = key // SPAN, key % SPAN - SPAN // 2
        leaf = value.clamp(min=LEAST)
        log_density = leaf.log() - e * LOG_2  # c = leaf / 2^e, and dz = 2^e dt
        share = leaf * self.weight
        self.entropy.index_add_(0, dimension, -(share * log_density).sum(1))
        z = torch.ldexp(index[:, None] + self.node, torch.tensor(float(e), dtype=leaf.dtype))
        sums = torch.stack([share.sum(1), (share * z).sum(1), (share * z * z).sum(1)], 1)
        self.moments.index_add_(0, dimension, sums)
        return -self.weight * (1 + log_density) * (value > LEAST)

    def go_down(self, e: int, within: Range, key: Tensor, value: Tensor) -> Tensor:
        """Go on with the halves of panels of width 2^e; where none is carried along, with the next boxes there are."""
        lower = e - 1
        if not len(key):
            lower = next((octave for octave in self.levels if octave < e and self.inside(octave, within, e)), None)
            if lower is None:
                return value
        return self.take_in(lower, narrowed(within, e - lower), key, value)

    def take_in(self, e: int, within: Range, key: Tensor, value: Tensor) -> Tensor:
        """Add the densities of the boxes of octave e in a range to panels of that width, and integrate over them."""
        row, centre = self.boxes_in(e, within)
        if not len(row):
            return self.descend(e, within, key, value)
        if len(row) > STRETCH:
            starts = [within[0], *centre[STRETCH // 2 :: STRETCH // 2].tolist(), within[1]]
            sizes = torch.searchsorted(key, key.new_tensor(starts)).diff().tolist()
            parts = zip(pairwise(starts), key.split(sizes), value.split(sizes), strict=True)
            return torch.cat([self.take_in(e, part, k, v) for part, k, v in parts if part[0] < part[1]])

        own = near(centre)
        kept = (own >= within[0]) & (own < within[1])
        panels, member = torch.cat([key, own[kept]]).unique(return_inverse=True)
        above, where = member[: len(key)], torch.full_like(own, len(panels))  # what is out of range goes to a last row
        where[kept] = member[len(key) :]
        whole = value.new_zeros(len(panels) + 1, NODES).index_add_(0, above, value)
        parts = [(b, part) for b in (0, 1) for part in (self.band[row] == b).nonzero()[:, 0].split(TOGETHER)]
        for b, part in parts:
            added = self.boxes.moments[row[part]].flatten(1) @ density(b)
            whole.index_add_(0, where[part].flatten(), added.view(-1, NODES))
        slope = self.descend(e, within, panels, whole[:-1])

        padded = torch.cat([slope, slope.new_zeros(1, NODES)])
        for b, part in parts:
            by_moment = padded[where[part]].flatten(1) @ density(b).T
            self.slope.index_add_(0, row[part], by_moment.view(-1, LOCS, PRECISIONS))
        return slope[above]

    def boxes_in(self, e: int, within: Range) -> tuple[Tensor, Tensor]:
        """The boxes of an octave that reach into a range, and the keys of the panels that they are on, ascending."""
        row, key = self.levels.get(e, (NONE, NONE))
        ends = key.new_tensor([within[0] - REACH, within[1] + REACH])
        chosen = slice(*torch.searchsorted(key, ends).tolist())
        return row[chosen], key[chosen]

    def inside(self, octave: int, within: Range, e: int) -> bool:
        """Whether a box of an octave reaches into a range of panels of width 2^e."""
        return len(self.boxes_in(octave, narrowed(within, e - octave))[0]) > 0


def near(key: Tensor) -> Tensor:
    """Keys of the panels on which boxes leave a density, ``[C, 2 REACH + 1]``."""
    return key[:, None] + torch.arange(-REACH, REACH + 1)


def halves(key: Tensor) -> Tensor:
    """Keys of the two halves of panels, ``[P, 2]``."""
    left = key // SPAN * SPAN + 2 * (key % SPAN - SPAN // 2) + SPAN // 2
    return torch.stack([left, left + 1], 1)


def narrowed(within: Range, octaves: int) -> Range:
    """The same range in keys of panels so many octaves narrower."""

    def end(key: int) -> int:
        dimension, place = divmod(key, SPAN)
        index = (place - SPAN // 2) << octaves
        return dimension * SPAN + min(max(index, -(SPAN // 2)), SPAN // 2 - 1) + SPAN // 2

    return end(within[0]), end(within[1])


def cuts(covered: dict[int, Tensor]) -> dict[int, Tensor]:
    """By octave, the keys of the panels in which narrower ones lie."""
    cut, narrower = {}, None
    for e in range(min(covered, default=0), max(covered, default=-1) + 1):
        if narrower is not None:
            cut[e] = narrower
        here = torch.cat([keys for keys in (narrower, covered.get(e)) if keys is not None])
        index = here % SPAN - SPAN // 2
        narrower = (here // SPAN * SPAN + index.div(2, rounding_mode="floor") + SPAN // 2).unique()
    return cut
