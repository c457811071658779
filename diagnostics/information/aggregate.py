"""The aggregate posterior of any number of rows: a sum that grows in fixed memory, and its entropies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from .boxes import Boxes, deposit
from .components import Components
from .panels import integrate
from .row_entropy import surprise

__all__ = ["Aggregate"]

NORMALS = 2**19  # put into boxes at once
BOXES = 2**12  # whose densities are integrated at once


@dataclass(frozen=True)
class Aggregate:
    r""":math:`\bar q(z_j) = \frac1N \sum_n q(z_j | x_n)`, dimension by dimension.

    Attributes:
        rows: N.
        boxes: the sum of the rows' Normals.
        atom: ``[D]``, the sum of the rows' atoms; None where there are none.
        dimensions: D.
    """

    rows: int
    boxes: Boxes
    atom: Tensor | None
    dimensions: int

    @classmethod
    def of(cls, q: Components) -> Aggregate:
        """That of a batch of rows on any device, kept in the computer's own memory."""
        boxes = []
        together = max(1, NORMALS // (len(q) * q.loc.shape[2]))
        for first in range(0, q.dimensions, together):
            some = slice(first, first + together)
            part = deposit(q.weight[:, some], q.loc[:, some], q.scale[:, some])
            part.key[0] += first
            boxes.append(part)
        joined = Boxes(
            torch.cat([part.key for part in boxes], 1).cpu(), torch.cat([part.moments for part in boxes]).cpu()
        )
        return cls(len(q), joined, None if q.atom is None else q.atom.sum(0).cpu(), q.dimensions)

    def __add__(self, other: Aggregate) -> Aggregate:
        """That of the rows of both."""
        atom = None if self.atom is None or other.atom is None else self.atom + other.atom
        return Aggregate(self.rows + other.rows, self.boxes + other.boxes, atom, self.dimensions)

    def entropy(self) -> Tensor:
        r"""Entropy of each dimension, ``[D]`` nats, the atom counted as such.

        .. math:: - \bar a \log \bar a - \int \bar c(z) \log \bar c(z) \, dz

        for the share :math:`\bar a` of the atom and the density :math:`\bar c` of the rest.
        """
        return self.integrals()[0]

    def integrals(self) -> tuple[Tensor, Tensor]:
        r"""The entropy ``[D]``, and :math:`\int z^k \bar c(z) \, dz` for k = 0, 1, 2, ``[D, 3]``."""
        parts = [integrate(boxes, len(group)) for group, boxes in self.groups()]
        entropy = torch.cat([part.entropy for part in parts])
        if self.atom is not None:
            entropy = entropy + surprise(self.atom / self.rows)
        return entropy, torch.cat([part.moments for part in parts])

    def entropies(self, probe: Components) -> tuple[Tensor, Tensor]:
        r"""The entropy ``[D]``, and the cross-entropy of each row of a probe with the aggregate, ``[M, D]`` nats.

        .. math:: - a_m \log \bar a - \int c_m(z) \log \bar c(z) \, dz

        The second is read off the derivative of the first by the weights of the probe's Normals, added with weight 0.

        Args:
            probe: M rows on the CPU, with atoms if the aggregate has any.
        """
        entropy, cross = [], []
        for group, boxes in self.groups():
            part = probe[:, group.start : group.stop]
            with torch.inference_mode(False), torch.enable_grad():
                none = torch.zeros(part.weight.shape, dtype=torch.float64, requires_grad=True)
                whole = boxes + deposit(none, part.loc, part.scale)
                found = integrate(Boxes(whole.key, whole.moments.detach()), len(group))
                (slope,) = torch.autograd.grad(whole.moments, none, found.slope)
            entropy.append(found.entropy)
            cross.append(((1 + slope) * part.weight).sum(-1))
        total, own = torch.cat(entropy), torch.cat(cross, 1)
        if self.atom is None or probe.atom is None:
            return total, own
        share = self.atom / self.rows
        return total + surprise(share), own - torch.xlogy(probe.atom, share)

    def groups(self) -> Iterator[tuple[range, Boxes]]:
        """Runs of dimensions that have some thousands of boxes together, and their boxes, of the mean over rows."""
        count = torch.bincount(self.boxes.key[0], minlength=self.dimensions)
        run = (count.cumsum(0) - count) // BOXES
        start = 0
        for size in run.unique_consecutive(return_counts=True)[1].tolist():
            group, start = range(start, start + size), start + size
            yield group, self.boxes.mean(group, self.rows)
