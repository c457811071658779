"""Some of the rows, drawn evenly, however they come and whoever holds them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .components import Components

__all__ = ["KEPT", "Sample"]

KEPT = 4096
"""Rows, at most, from which standard errors are computed: more would change them by a few per cent."""


@dataclass(frozen=True)
class Sample:
    """The rows of smallest ticket, every row having drawn one.

    Rows in an order of their own (sorted, periodic, from a grid) are drawn as evenly as any, and samples of different
    processes join to one of all their rows.

    Attributes:
        rows: at most 4096, on the CPU.
        ticket: ``[len(rows)]``, uniform in [0, 1).
    """

    rows: Components
    ticket: Tensor

    @classmethod
    def of(cls, q: Components, seed: int) -> Sample:
        """From a batch, its tickets drawn by the seed; no global generator is read or moved."""
        ticket = torch.rand(len(q), dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        lucky = smallest(ticket)
        return cls(q[lucky.to(q.loc.device)].to("cpu"), ticket[lucky])

    def __add__(self, other: Sample) -> Sample:
        """From the rows of both."""
        rows, ticket = self.rows + other.rows, torch.cat([self.ticket, other.ticket])
        lucky = smallest(ticket)
        return Sample(rows[lucky], ticket[lucky])


def smallest(ticket: Tensor) -> Tensor:
    """Where the smallest tickets are, in the order of the rows."""
    return ticket.argsort()[:KEPT].sort().values
