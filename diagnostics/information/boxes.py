"""Any number of Normals in fixed memory: the moments of those in each box of locations and precisions."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .kernels import LOCS, PRECISIONS

__all__ = ["Boxes", "Place", "deposit", "place", "polynomials"]

BLOCK = 64  # Normals of one box that are multiplied at once
CHUNK = 2**13  # Normals whose polynomials are held at once: few enough for the processor's cache


@dataclass(frozen=True)
class Boxes:
    """C boxes, each key once.

    A box of octave e holds scales from ``2^e`` to ``2^(e + 1)``, their lower half octave in band 0 and the upper in
    band 1, and locations from ``2^e cell`` to ``2^e (cell + 1)``.

    Attributes:
        key: ``[4, C]``: dimension, octave, band, cell.
        moments: ``[C, LOCS, PRECISIONS]``, sums of ``weight 2^e / scale T_a(u) T_b(v)`` over the Normals in the box,
            T the Chebyshev polynomials up to the sign that :func:`~.kernels.sign` gives.
    """

    key: Tensor
    moments: Tensor

    def __len__(self) -> int:
        return len(self.moments)

    def __add__(self, other: "Boxes") -> "Boxes":
        """What two sets of Normals leave together."""
        moments = torch.cat([self.moments, other.moments])
        key, box = torch.cat([self.key, other.key], 1).unique(dim=1, return_inverse=True)
        return Boxes(key, moments.new_zeros(key.shape[1], LOCS, PRECISIONS).index_add(0, box, moments))

    def mean(self, dimensions: range, rows: int) -> "Boxes":
        """Those of some dimensions, which are counted from 0 again, for the mean over so many rows."""
        chosen = (self.key[0] >= dimensions.start) & (self.key[0] < dimensions.stop)
        key = self.key[:, chosen]
        key[0] -= dimensions.start
        return Boxes(key, self.moments[chosen].div_(rows))


@dataclass(frozen=True)
class Place:
    """Where Normals lie, each attribute of their shape: the box, and the place in it.

    Attributes:
        octave, band, cell: of the box.
        u, v: location and precision within the box, in [-1, 1].
        height: ``2^octave / scale``.
    """

    octave: Tensor
    band: Tensor
    cell: Tensor
    u: Tensor
    v: Tensor
    height: Tensor


def place(loc: Tensor, scale: Tensor) -> Place:
    """The boxes of Normals, elementwise."""
    mantissa, exponent = torch.frexp(scale)  # scale = mantissa 2^exponent, the mantissa in [1/2, 1)
    octave = exponent.long() - 1
    height = 0.5 / mantissa
    precision = height * height
    band = (precision <= 0.5).long()
    offset = torch.ldexp(loc, -octave.double())
    cell = offset.floor()
    return Place(octave, band, cell.long(), 2 * (offset - cell) - 1, precision * 4.0 * (1 + band) - 3, height)


def polynomials(x: Tensor, number: int) -> Tensor:
    """Chebyshev polynomials of degree 0 to ``number - 1`` at x ``[B, N]``, up to :func:`sign`: ``[B, number, N]``."""
    value = x.new_empty(len(x), number, x.shape[1])
    value[:, 0], value[:, 1] = 1, x
    twice = 2 * x
    for degree in range(2, number):
        step = 1 if degree % 2 else -1
        torch.addcmul(value[:, degree - 2], value[:, degree - 1], twice, value=step, out=value[:, degree])
    return value


def deposit(weight: Tensor, loc: Tensor, scale: Tensor) -> Boxes:
    """The boxes of weighted Normals, ``[N, D, K]`` each.

    In every dimension Normals are put in the order of their boxes, and cut into blocks of one box each, so that the
    sums over them are products of matrices.
    """
    weight, loc, scale = (each.movedim(1, 0).flatten(1) for each in (weight, loc, scale))  # [D, N K]
    where = place(loc, scale)
    band, cell = 2 * where.octave + where.band, where.cell
    bottom, left = band.amin(), cell.amin()
    key, order = ((band - bottom) * (cell.amax() - left + 1) + (cell - left)).sort(-1)
    first = torch.ones_like(key, dtype=torch.bool)
    first[:, 1:] = key[:, 1:] != key[:, :-1]
    start = first.flatten().nonzero().squeeze(1)

    # Where each Normal goes in a table of blocks, each of them filled from the left.
    count = start.diff(append=start.new_tensor([key.numel()]))
    blocks = (count + BLOCK - 1) // BLOCK
    box = torch.arange(len(start), device=start.device).repeat_interleave(blocks)
    shift = (blocks.cumsum(0) - blocks) * BLOCK - start
    slot = torch.arange(key.numel(), device=start.device) + shift.repeat_interleave(count)

    def laid_out(value: Tensor) -> Tensor:
        return value.new_zeros(len(box) * BLOCK).index_copy_(0, slot, value.gather(1, order).flatten()).view(-1, BLOCK)

    u, v, height = laid_out(where.u), laid_out(where.v), laid_out(weight * where.height)
    moments = u.new_zeros(len(start), LOCS, PRECISIONS)
    rows = max(1, CHUNK // BLOCK)
    for part in zip(u.split(rows), v.split(rows), height.split(rows), box.split(rows), strict=True):
        along, across, tall, into = part
        moments.index_add_(0, into, (polynomials(along, LOCS) * tall[:, None]) @ polynomials(across, PRECISIONS).mT)
    dimension = torch.arange(len(key), device=key.device)[:, None].expand_as(key).flatten()[start]
    inside = (each.gather(1, order).flatten()[start] for each in (where.octave, where.band, cell))
    return Boxes(torch.stack([dimension, *inside]), moments)
