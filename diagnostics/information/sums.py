"""What rows add up to: the mutual information of data that come in batches, or lie in several processes."""

from __future__ import annotations

import math

from torch import Tensor

from ..arrays import Array
from .aggregate import Aggregate
from .components import Components, Posterior, batches
from .result import Information
from .row_entropy import row_entropy
from .sample import Sample

__all__ = ["InformationSum"]


class InformationSum:
    r"""Rows added up for :func:`mutual_information`, batch by batch or process by process.

    Memory does not grow with the rows but with the places they take: a box of one standard deviation of location by
    half an octave of scale takes 1.8 kB, whether it holds one row or a million.

    The standard error is that of the mean over rows of :math:`\mathrm{KL}(q(z_j | x_n) \| \bar q(z_j))`. This is the
    estimator's influence function: the error is the one that a weighted bootstrap over rows tends to, without its
    draws. It is computed from 4096 of the rows at most, drawn by a fixed seed.

    Example:
        >>> sums = InformationSum()
        >>> for place in (0.0, 9.0):
        ...     sums.add(torch.full((50, 1), place), torch.ones(50, 1))
        >>> sums.information().value.round(3)
        array([0.693])
    """

    def __init__(self) -> None:
        self.aggregate: Aggregate | None = None
        self.own: Tensor | None = None
        self.sample: Sample | None = None

    @property
    def rows(self) -> int:
        """How many were added."""
        return 0 if self.aggregate is None else self.aggregate.rows

    def add(self, posterior: Posterior, scale: Array | None = None) -> None:
        """Add rows.

        Args:
            posterior: as :func:`mutual_information` takes it.
            scale: beside an array of locations.

        Raises:
            ValueError: as :func:`mutual_information`; and for rows of other dimensions or another family than before.
        """
        for q in batches(posterior, scale):
            self.take(q)

    def take(self, q: Components) -> None:
        """Add a batch that was checked."""
        self.join(Aggregate.of(q), row_entropy(q).sum(0).cpu(), Sample.of(q, seed=self.rows))

    def __add__(self, other: InformationSum) -> InformationSum:
        """The sum over the rows of both."""
        both = InformationSum()
        for each in (self, other):
            if each.aggregate is not None and each.own is not None and each.sample is not None:
                both.join(each.aggregate, each.own, each.sample)
        return both

    def join(self, aggregate: Aggregate, own: Tensor, sample: Sample) -> None:
        """Take in what further rows add up to."""
        if self.aggregate is not None and self.own is not None and self.sample is not None:
            sample = self.sample + sample  # first: it refuses rows of another shape
            aggregate, own = self.aggregate + aggregate, self.own + own
        self.aggregate, self.own, self.sample = aggregate, own, sample

    def gathered(self) -> InformationSum:
        """The sum over the rows of all processes of ``torch.distributed``, the same in each; itself if there is one.

        Every process must call it, those without rows too.
        """
        import torch.distributed as processes

        if not (processes.is_available() and processes.is_initialized()):
            return self
        sums: list[InformationSum] = [InformationSum()] * processes.get_world_size()
        processes.all_gather_object(sums, self)
        return sum(sums, InformationSum())

    def information(self) -> Information:
        """I(x; z_j) over the rows added.

        Raises:
            ValueError: if there are none.
        """
        if self.aggregate is None or self.own is None or self.sample is None:
            raise ValueError(
                "InformationSum: expected rows; none were added.\nTry one of:\n- sums.add(posterior) first"
            )
        entropy, cross = self.aggregate.entropies(self.sample.rows)
        divergence = cross - row_entropy(self.sample.rows)  # of each row from the aggregate
        error = divergence.std(0, correction=0) / math.sqrt(self.rows)
        value = (entropy - self.own / self.rows).clamp(0, math.log(self.rows))
        return Information(value.numpy(), error.numpy(), self.rows, "exact")
