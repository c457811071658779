"""How well the run explains test rows: the bound and its parts, the importance-weighted bound, and whether it holds."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ...diagnostics import Evidence, PsisK, log_evidence, psis_k
from ...inference import Run

__all__ = ["Bound", "Bounds", "measure_bound", "measure_bounds"]


@dataclass(frozen=True)
class Bound:
    """Means over N rows, in nats per row; gates hard, labels withheld, every KL at weight 1, no loss factor.

    Attributes:
        bound: on log p(x).
        error: standard error of ``bound`` over the rows; NaN for one row.
        reconstruction: the likelihood's share with its sign turned, E[-log p(x | z)].
        kl: the latent sites' share.
    """

    bound: float
    error: float
    reconstruction: float
    kl: float


@dataclass(frozen=True)
class Bounds(Bound):
    """The bound, and a tighter one.

    Attributes:
        evidence: the importance-weighted bound on the first of the rows.
        tail: Pareto k of the very weights that it is made from.
    """

    evidence: Evidence
    tail: PsisK

    @property
    def evidence_error(self) -> float:
        """Monte Carlo error of ``evidence.mean``, nats: what other particles would change it by."""
        row = self.evidence.monte_carlo_error
        return math.sqrt(float((row**2).sum())) / len(row)


@torch.no_grad()
def measure_bound(run: Run, x: Tensor, *, draws: int = 10) -> Bound:
    """The bound of a run and its parts.

    Args:
        run: the run.
        x: ``[N, C, H, W]``.
        draws: of the posterior for each row, averaged.
    """
    device = run.pair.device
    parts = [[run.pair(part.to(device)) for part in x.split(1000)] for _ in range(draws)]
    bound = torch.stack([torch.cat([terms.bound.cpu().double() for terms in draw]) for draw in parts]).mean(0)
    size = torch.tensor([len(part) for part in x.split(1000)]).double() / len(x)

    def share(name: str) -> float:
        sums = [[sum(float(term.mean()) for term in getattr(each, name).values()) for each in draw] for draw in parts]
        return float((torch.tensor(sums).double() * size).sum(-1).mean())

    return Bound(
        bound=float(bound.mean()),
        error=float(bound.std()) / math.sqrt(len(bound)) if len(bound) > 1 else math.nan,
        reconstruction=-share("likelihood"),
        kl=share("kl"),
    )


@torch.no_grad()
def measure_bounds(run: Run, x: Tensor, *, draws: int = 10, particles: int = 50, rows: int = 500) -> Bounds:
    """The bound of a run, its parts, and the importance-weighted bound.

    Args:
        run: the run.
        x: ``[N, C, H, W]``.
        draws: of the posterior for each row, averaged.
        particles: of the evidence.
        rows: of the evidence, from the first.
    """
    bound, few = measure_bound(run, x, draws=draws), x[:rows]
    weight = torch.stack([run.log_weight(few) for _ in range(particles)])
    each = iter(weight)
    return Bounds(**vars(bound), evidence=log_evidence(lambda: next(each), particles), tail=psis_k(weight))
