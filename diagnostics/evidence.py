"""The importance-weighted bound on log p(x), with the error of its own Monte Carlo."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

__all__ = ["Evidence", "log_evidence"]


@dataclass(frozen=True)
class Evidence:
    """A bound on log p(x) for each of B rows, in nats.

    Attributes:
        value: ``[B]``, the bound.
        monte_carlo_error: ``[B]``, standard error of each value over its particles; NaN from one particle.
        mean: over the rows.
        standard_error: of the mean, over the rows; NaN from one row.
        particles: K.
    """

    value: np.ndarray
    monte_carlo_error: np.ndarray
    mean: float
    standard_error: float
    particles: int


def log_evidence(log_weight: Callable[[], Tensor], particles: int = 100) -> Evidence:
    r"""Importance-weighted bound on the log evidence, in nats per row.

    .. math::
        \hat L_K = \log \frac1K \sum_{k=1}^K w_k, \qquad w_k = \frac{p(x, z_k)}{q(z_k | x)}, \quad z_k \sim q(z | x)

    :math:`\exp \hat L_K` is unbiased for :math:`p(x)`, so :math:`\mathbb E \hat L_K \le \log p(x)`: the evidence lower
    bound at K = 1, rising with K. The error is that of the logarithm of a mean, by the delta method:
    :math:`\mathrm{sd}(w) / (\bar w \sqrt K)`; near 1 or above it says that few particles carry the sum, and that the
    bound is loose.

    Weights are summed as they come, in float64: memory does not grow with the number of particles.

    Args:
        log_weight: draws ``log p(x, z) - log q(z | x)``, ``[B]``, once for every row, at each call. Gates must be drawn
            **hard**: the density of a relaxed draw is another one, and its weights bound nothing. Loss factors are no
            part of the weight.
        particles: K, the number of calls, made without gradients.

    Raises:
        ValueError: fewer than one particle; weights not ``[B]``, of changing length, NaN or plus infinity.

    References:
        Burda, Grosse, Salakhutdinov, "Importance Weighted Autoencoders" (ICLR 2016), eq. 8.

    Example:
        >>> log_evidence(lambda: torch.tensor([-1.0, -3.0]), particles=5).mean
        -2.0
    """
    if particles < 1:
        raise ValueError(f"particles: expected at least 1; got {particles}.\nTry one of:\n- particles=100")
    with torch.no_grad():
        weight = checked(log_weight())
        peak, total, square = weight, torch.ones_like(weight), torch.ones_like(weight)
        for _ in range(particles - 1):
            weight = checked(log_weight(), len(peak))
            above = torch.maximum(peak, weight)
            scale = torch.where(above > -math.inf, above, 0.0)  # all weights zero so far: keep exp(-inf - 0) = 0
            old, new = (peak - scale).exp(), (weight - scale).exp()
            total, square, peak = total * old + new, square * old**2 + new**2, above
    value = (peak + total.log() - math.log(particles)).numpy()
    # relative variance of the weights, and from it the variance of the logarithm of their mean
    spread = (particles * square / total**2 - 1).clamp(min=0).numpy()
    error = np.sqrt(spread / (particles - 1)) if particles > 1 else np.full(value.shape, np.nan)
    rows = len(value)
    with np.errstate(invalid="ignore"):  # a row of weight zero has value -inf, and the mean no known error
        standard_error = float(value.std(ddof=1)) / math.sqrt(rows) if rows > 1 else math.nan
    return Evidence(
        value=value,
        monte_carlo_error=error,
        mean=float(value.mean()),
        standard_error=standard_error,
        particles=particles,
    )


def checked(weight: Tensor, rows: int | None = None) -> Tensor:
    """One draw of log-weights ``[B]`` in float64 on the CPU (some accelerators have no float64)."""
    weight = weight.detach().cpu().double()
    if weight.ndim != 1 or weight.numel() == 0 or (rows is not None and len(weight) != rows):
        raise ValueError(
            f"log_weight: expected one log-weight for each row, shape [{rows or 'B'}]; got {list(weight.shape)}.\n"
            "Try one of:\n"
            "- sum log-probabilities over pixels and latent dimensions, not over rows\n"
            "- the same rows at every call"
        )
    if (weight.isnan() | (weight == math.inf)).any():
        row = int((weight.isnan() | (weight == math.inf)).nonzero()[0])
        raise ValueError(
            f"log_weight: expected log p(x, z) - log q(z | x) in nats, finite or minus infinity; "
            f"got {weight[row]} for row {row}.\n"
            "Try one of:\n"
            "- look at this row for NaN pixels\n"
            "- gates clamped away from 0 and 1 in log q"
        )
    return weight
