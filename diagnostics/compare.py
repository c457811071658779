"""Runs against each other on the same held-out rows: paired differences of their evidence."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .evidence import Evidence

__all__ = ["EvidenceComparison", "compare_evidence"]


@dataclass(frozen=True)
class EvidenceComparison:
    """R runs on N rows, the best first; nats per row.

    ``print`` shows a table.

    Attributes:
        names: of the runs.
        mean: ``[R]``, evidence over the rows.
        difference: ``[R]``, mean of each run's evidence less the best one's, row by row: 0 for the best.
        standard_error: ``[R]``, of the difference, over the rows; the draws' share is in it. NaN from one row.
        monte_carlo_error: ``[R]``, of the difference, from the draws alone: what other draws would change it by. Where
            it is most of the standard error, more particles tell more, and otherwise more rows.
        better: ``[R]``, share of the rows on which the run is above the best one.
        rows: N.
        particles: K, of each run's evidence.
    """

    names: tuple[str, ...]
    mean: np.ndarray
    difference: np.ndarray
    standard_error: np.ndarray
    monte_carlo_error: np.ndarray
    better: np.ndarray
    rows: int
    particles: int

    def __str__(self) -> str:
        width = max(len("run"), *(len(name) for name in self.names))
        lines = [
            f"{self.rows} rows, {self.particles} particles; nats per row",
            f"{'run':{width}}  evidence  difference  error  (of draws)  rows better",
        ]
        numbers = (self.mean, self.difference, self.standard_error, self.monte_carlo_error, self.better)
        for name, mean, difference, error, drawn, better in zip(self.names, *numbers, strict=True):
            line = f"{name:{width}}  {mean:8.2f}"
            lines.append(
                line
                if name == self.names[0]
                else f"{line}  {difference:10.2f}  {error:5.2f}  {drawn:10.2f}  {better:11.0%}"
            )
        return "\n".join(lines)


def compare_evidence(evidence: Mapping[str, Evidence]) -> EvidenceComparison:
    r"""Differences of importance-weighted evidence of several runs on the same rows, with their standard error.

    .. math:: d_n = \hat L_n - \hat L^{\text{best}}_n, \qquad
        \bar d = \frac1N \sum_n d_n, \qquad \mathrm{se} = \frac{\mathrm{sd}(d)}{\sqrt N}

    Rows differ far more than runs do; what is hard for one run is hard for the other. Differences are therefore taken
    row by row, and their error is often a tenth of that of each mean. This is what leave-one-out is asked for in a
    regression; here rows that training has not seen answer it directly. Values are bounds: a run whose posterior is
    worse loses more to its bound, which :func:`~pellucid.diagnostics.psis_k` shows. With R runs the best one is so
    partly by luck.

    Args:
        evidence: name of a run to its :func:`~pellucid.diagnostics.log_evidence`, of the same held-out rows in the same
            order and as many particles, such as
            ``{name: log_evidence(lambda: run.log_weight(x), 500) for name, run in runs.items()}``.

    Raises:
        ValueError: fewer than two runs; other numbers of rows or of particles.

    References:
        Burda, Grosse, Salakhutdinov, "Importance Weighted Autoencoders" (ICLR 2016), section 5, for evidence of rows
        held out; Vehtari, Gelman, Gabry, "Practical Bayesian model evaluation using leave-one-out cross-validation and
        WAIC" (2017), eq. 24, for the paired standard error.

    Example:
        >>> from pellucid.diagnostics import log_evidence
        >>> rows = torch.tensor([-90.0, -140.0, -110.0, -70.0])
        >>> worse = torch.tensor([1.0, 2.0, 1.5, 1.5])
        >>> print(compare_evidence({"plain": log_evidence(lambda: rows - worse), "new": log_evidence(lambda: rows)}))
        4 rows, 100 particles; nats per row
        run    evidence  difference  error  (of draws)  rows better
        new     -102.50
        plain   -104.00       -1.50   0.20        0.00           0%
    """
    if len(evidence) < 2:
        raise ValueError(
            f"evidence: expected at least two runs to compare; got {len(evidence)}.\n"
            "Try one of:\n- {'plain': log_evidence(...), 'consistent': log_evidence(...)}"
        )
    for what, sizes in (
        ("rows", {name: len(each.value) for name, each in evidence.items()}),
        ("particles", {name: each.particles for name, each in evidence.items()}),
    ):
        if len(set(sizes.values())) > 1:
            raise ValueError(
                f"evidence: expected the same {what} of every run; got {sizes}.\n"
                "Try one of:\n- log_evidence of the same x, in the same order, for all runs\n"
                "- one number of particles: a bound rises with them"
            )
    names = tuple(sorted(evidence, key=lambda name: -evidence[name].mean))
    value = np.stack([evidence[name].value for name in names])
    drawn = np.stack([evidence[name].monte_carlo_error for name in names])
    rows = value.shape[1]
    with np.errstate(invalid="ignore"):  # a row of evidence -inf has no difference
        paired = value - value[0]
        paired[0] = 0.0
        spread = paired.std(1, ddof=1) if rows > 1 else np.full(len(names), np.nan)
    error = np.hypot(drawn, drawn[0])
    error[0] = 0.0
    return EvidenceComparison(
        names=names,
        mean=value.mean(1),
        difference=paired.mean(1),
        standard_error=spread / math.sqrt(rows),
        monte_carlo_error=np.sqrt((error**2).sum(1)) / rows,
        better=(paired > 0).mean(1),
        rows=rows,
        particles=evidence[names[0]].particles,
    )
