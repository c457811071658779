"""Pareto k of importance weights: row by row, whether draws from q(z|x) reach what log p(x) is made of."""

import math
from dataclasses import dataclass

import numpy as np

from .arrays import Array, as_numpy

__all__ = ["PsisK", "psis_k"]

LEAST = 25  # draws: a fifth of them, the tail, is then five
PRIOR_K, PRIOR_DRAWS = 0.5, 10  # what k is drawn towards, and with the weight of how many draws


@dataclass(frozen=True)
class PsisK:
    """The tails of N rows' weights.

    Attributes:
        value: ``[N]``, k-hat. Above 1/2 the variance of the weights is infinite, above 1 their mean. Minus infinity for
            weights that have no tail, such as equal ones; infinity where fewer than five draws are all of it.
        threshold: above which S draws do not serve, min(1 - 1 / log10 S, 0.7).
        draws: S.
    """

    value: np.ndarray
    threshold: float
    draws: int

    @property
    def share(self) -> float:
        """Share of the rows above the threshold."""
        return float((self.value > self.threshold).mean())


def psis_k(log_weight: Array) -> PsisK:
    r"""The shape k of a generalised Pareto fitted to the largest importance weights of each row.

    .. math:: w_s = \frac{p(x, z_s)}{q(z_s | x)}, \quad z_s \sim q(z | x), \qquad
        P(w > u + t) \propto \Big(1 + \frac{k t}{\sigma}\Big)^{-1/k}

    The tail is that of the ceil(min(S/5, 3 sqrt S)) largest weights, as in ArviZ, whose two generations read its ties
    differently, one with an error; a height within rounding of the largest log-weight is no tail here. A large k says
    that q is narrower than the posterior, or elsewhere: the importance-weighted bound is then loose by an unknown
    amount, and its Monte Carlo error is not to be trusted. A small k says nothing of regions that no draw has met.

    This is of ``log p(x, z) - log q(z | x)``, :meth:`~pellucid.inference.training.Run.log_weight`, and not the k of
    ``arviz.loo``, whose weights 1 / p(x | z) leave a row out and with it all that is known of its latents.

    Args:
        log_weight: ``[S, N]`` in nats, numpy or torch, such as ``run.draws()["sample_stats"]["log_weight"]`` or
            ``torch.stack([run.log_weight(x) for _ in range(200)])``. Minus infinity is a weight of zero.

    Raises:
        ValueError: not ``[S, N]`` with at least 25 draws; NaN or plus infinity.

    References:
        Vehtari, Simpson, Gelman, Yao, Gabry, "Pareto smoothed importance sampling" (JMLR 2024), section 3; Zhang and
        Stephens, "A new and efficient estimation method for the generalized Pareto distribution" (Technometrics 2009).

    Example:
        >>> z = torch.randn(2000, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.2, 1.0, 0.3])
        >>> q = torch.distributions.Normal(0.0, torch.tensor([1.2, 1.0, 0.3]))
        >>> psis_k(torch.distributions.Normal(0.0, 1.0).log_prob(z) - q.log_prob(z)).value > 0.7
        array([False, False,  True])
    """
    resolution = np.finfo(as_numpy(log_weight).dtype).eps if as_numpy(log_weight).dtype.kind == "f" else 0.0
    weight = checked(as_numpy(log_weight))
    draws = len(weight)
    tail = math.ceil(min(draws / 5, 3 * math.sqrt(draws)))
    value = np.array([tail_k(np.sort(row), tail, 16 * resolution) for row in weight.T])
    return PsisK(value, min(1 - 1 / math.log10(draws), 0.7), draws)


def tail_k(weight: np.ndarray, tail: int, resolution: float) -> float:
    """K of one row's sorted log-weights ``[S]``."""
    peak, cut = weight[-1], weight[-tail - 1]
    if peak == -math.inf:  # no draw met anything
        return math.inf
    if peak - cut <= resolution * max(abs(peak), 1.0):
        return -math.inf
    least = max(math.exp(cut - peak), np.finfo(float).tiny)
    above = np.exp(weight[-tail:] - peak)
    above = above[above > least] - least
    return pareto_k(above) if len(above) > 4 else math.inf


def pareto_k(above: np.ndarray) -> float:
    r"""Shape of a generalised Pareto, the posterior mean of Zhang and Stephens, drawn a little towards 1/2.

    .. math:: b = -k / \sigma, \qquad k(b) = \frac1M \sum_i \log(1 - b x_i), \qquad
        \log L(b) = M \Big(\log \frac{-b}{k(b)} - k(b) - 1\Big)

    Args:
        above: ``[M]``, sorted heights above the cut, positive.

    Example:
        >>> chance = np.arange(0.5, 1000) / 1000
        >>> round(pareto_k(((1 - chance) ** -0.4 - 1) / 0.4), 2)  # k = 0.4
        0.4
    """
    M, quartile = len(above), above[int(len(above) / 4 + 0.5) - 1]
    grid = np.arange(1, 31 + int(math.sqrt(M)))
    b = 1 / above[-1] + (1 - np.sqrt((len(grid)) / (grid - 0.5))) / (3 * quartile)
    k = np.log1p(-b[:, None] * above).mean(1)
    likelihood = M * (np.log(-b / k) - k - 1)
    chance = np.exp(likelihood - likelihood.max())
    mean = (b * chance).sum() / chance.sum()
    return float((M * np.log1p(-mean * above).mean() + PRIOR_DRAWS * PRIOR_K) / (M + PRIOR_DRAWS))


def checked(log_weight: np.ndarray) -> np.ndarray:
    """Log-weights ``[S, N]`` in float64."""
    weight = log_weight.astype(float)
    if weight.ndim != 2 or len(weight) < LEAST or weight.shape[1] == 0:
        raise ValueError(
            f"log_weight: expected [draws, rows] with at least {LEAST} draws; got shape {list(weight.shape)}.\n"
            "Try one of:\n"
            "- torch.stack([run.log_weight(x) for _ in range(200)])\n"
            "- log_weight[:, None] for the draws of a single row"
        )
    bad = np.isnan(weight) | (weight == math.inf)
    if bad.any():
        draw, row = np.argwhere(bad)[0]
        raise ValueError(
            f"log_weight: expected log p(x, z) - log q(z | x) in nats, finite or minus infinity; "
            f"got {weight[draw, row]} for row {row}.\n"
            "Try one of:\n- look at this row for NaN pixels\n- gates clamped away from 0 and 1 in log q"
        )
    return weight
