"""Every estimator where the truth is known: one trait, coded in four ways, by few and by many rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from scipy import stats

from ...diagnostics import active_units, information_bounds, mutual_information, sparsity_identity
from ..interval import Interval
from .consequences import class_told, row_told

__all__ = ["CODINGS", "ESTIMATORS", "ROWS", "Coding", "by_rows", "side_by_side"]

CLASSES, TABLE_ROWS, REPEATS = 10, 10_000, 10
ROWS = (10, 30, 100, 300, 1000, 3000, 10_000)

ESTIMATORS = {
    "exact": "exact",
    "gaussian": "the paper's",
    "matched": "about the aggregate's mean",
    "upper": "leave-one-out, upper bound",
    "lower": "InfoNCE, lower bound",
}
"""Estimator -> what it is called."""


@dataclass(frozen=True)
class Coding:
    r"""A latent dimension that codes a trait t of N(0, 1) with :math:`q(h | x) = N(\mu(t), s^2)`.

    .. math:: \mu = c + w\, t \quad\text{of one centre, or}\quad \mu = c_{k(t)} + w\, e, \quad e \sim N(0, 1)

    of several, k(t) the one of as many equal shares of the traits that t lies in. So the aggregate is a mixture of
    Normals of one variance, :math:`w^2 + s^2`, and its entropy a matter of one integral.

    Attributes:
        centres: of the means.
        width: w, of the means about their centre.
        scale: s, of the posterior.

    Example:
        >>> round(Coding((0.0,), width=3**0.5 / 2, scale=0.5).truth, 6)  # log 2
        0.693147
    """

    centres: tuple[float, ...]
    width: float
    scale: float

    def density(self, h: np.ndarray) -> np.ndarray:
        """Of the aggregate over all traits, ``[...]`` at points ``[...]``."""
        each = stats.norm.pdf(h[..., None], self.centres, np.hypot(self.width, self.scale))
        return each.mean(-1)

    @property
    def truth(self) -> float:
        """I(x; h) in nats: the entropy of the aggregate, by the trapezoid rule, less that of a posterior."""
        across = np.hypot(self.width, self.scale)
        h = np.arange(min(self.centres) - 10 * across, max(self.centres) + 10 * across, across / 20)
        q = self.density(h)
        entropy = -np.trapezoid(q * np.log(np.maximum(q, 1e-300)), h)
        return float(entropy - 0.5 * np.log(2 * np.pi * np.e * self.scale**2))

    def means(self, trait: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Posterior means of rows with these traits."""
        if len(self.centres) == 1:
            return self.centres[0] + self.width * trait
        return np.array(self.centres)[shares(trait, len(self.centres))] + self.width * generator.standard_normal(
            trait.shape
        )


def shares(trait: np.ndarray, number: int) -> np.ndarray:
    """Which of so many equal shares of N(0, 1) each trait lies in."""
    return np.minimum((number * stats.norm.cdf(trait)).astype(int), number - 1)


CODINGS = {
    "unimodal": Coding((0.0,), width=0.91**0.5, scale=0.3),
    "ten clusters": Coding(tuple(np.linspace(-1.5, 1.5, 10)), width=0.02, scale=0.03),
    "two clusters": Coding((-1.0, 1.0), width=0.02, scale=0.1),
    "shifted": Coding((3.0,), width=0.4, scale=0.3),
}
"""Four dimensions that code the same trait; the aggregate of the first is the prior itself."""


@cache
def side_by_side() -> dict[str, dict[str, float]]:
    """Every indicator of each coding from the same 10 000 rows, the truth, and what the dimension alone is good for.

    Returns:
        coding -> "truth", "exact", "gaussian", "matched", "kl", "mean_variance"; "class", the share of rows whose tenth
        of the traits the best reader of a draw tells; and "row", the share of draws from which he picks the right row
        among a hundred.
    """
    generator = np.random.default_rng(0)
    trait = generator.standard_normal(TABLE_ROWS)
    loc = torch.from_numpy(np.stack([coding.means(trait, generator) for coding in CODINGS.values()], 1))
    scale = torch.tensor([coding.scale for coding in CODINGS.values()], dtype=torch.double).expand(loc.shape)
    posterior = torch.distributions.Normal(loc, scale)
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        row = row_told(posterior, draws=1)
    some = slice(0, TABLE_ROWS // 4)  # the best reader's rule costs rows times points
    columns = {
        "truth": [coding.truth for coding in CODINGS.values()],
        "exact": mutual_information(posterior).value,
        "gaussian": mutual_information(posterior, method="gaussian").value,
        "matched": mutual_information(posterior, method="matched").value,
        "kl": sparsity_identity(posterior).kl,
        "mean_variance": active_units(posterior).variance,
        "class": class_told(loc[some], scale[some], torch.from_numpy(shares(trait, CLASSES))[some]),
        "row": row,
    }
    return {name: {key: float(column[i]) for key, column in columns.items()} for i, name in enumerate(CODINGS)}


@cache
def by_rows(coding: Coding, rows: Sequence[int] = ROWS) -> dict[str, list[Interval]]:
    """What each estimator says from so many rows: the mean of 10 draws of the rows, and twice their spread.

    Args:
        coding: of the trait.
        rows: numbers of rows, a tuple.

    Returns:
        estimator -> for each number of rows the mean, and twice the standard deviation in place of an interval's half.
    """
    found: dict[str, list[Interval]] = {name: [] for name in ESTIMATORS}
    for N in rows:
        generator = np.random.default_rng(N)
        loc = coding.means(generator.standard_normal((N, REPEATS)), generator)  # each draw of the rows a dimension
        scale = np.full_like(loc, coding.scale)
        bounds = information_bounds(loc, scale, batch=min(N, 256))
        values = {
            "exact": mutual_information(loc, scale).value,
            "gaussian": mutual_information(loc, scale, method="gaussian").value,
            "matched": mutual_information(loc, scale, method="matched").value,
            "lower": bounds.lower,
            "upper": bounds.upper,
        }
        for name, value in values.items():
            found[name].append(Interval(float(value.mean()), 2 * float(value.std(ddof=1)), REPEATS))
    return found
