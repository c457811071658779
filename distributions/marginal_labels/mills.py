"""Mills' ratio of the Normal tail to the Normal density, in arithmetic that every compiler turns into vector code."""

import math

import numpy as np
import torch
from torch import Tensor

__all__ = ["mills_ratio"]

DEGREE, POLE = 14, 5.0


def _fit() -> list[float]:
    """Coefficients of ``p``, constant first: the interpolant in the Chebyshev nodes."""
    u = np.polynomial.chebyshev.chebpts1(DEGREE + 1)
    x = torch.from_numpy(POLE * (1 + u) / (1 - u))
    ratio = math.sqrt(math.pi / 2) * torch.special.erfcx(x * math.sqrt(0.5))
    series = np.polynomial.Chebyshev.fit(u, ((x + POLE) * ratio).numpy(), DEGREE, domain=[-1, 1])
    return series.convert(kind=np.polynomial.Polynomial).coef.tolist()


COEFFICIENTS = _fit()


def mills_ratio(x: Tensor) -> Tensor:
    r"""Mills' ratio :math:`M(x) = \Phi(-x) / \varphi(x)` for ``x >= 0``, elementwise.

    .. math:: M(x) = \frac{1}{x + c} \, p\Big(\frac{x - c}{x + c}\Big), \qquad c = 5

    with a polynomial :math:`p` of degree 14. The relative error is at most 2e-11, and 5e-7 in float32. It is
    ``sqrt(pi / 2) * erfcx(x / sqrt(2))``, which takes ten times as long.

    Args:
        x: any shape, not negative; may be infinite.

    Returns:
        Of the shape of ``x``, positive: :math:`\sqrt{\pi / 2}` at 0, and about :math:`1 / x` far out.

    References:
        Shepherd and Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < oo" (1981).

    Example:
        >>> mills_ratio(torch.tensor([0.0, 1.0, 100.0]))
        tensor([1.2533, 0.6557, 0.0100])
    """
    inverse = (x + POLE).reciprocal()
    u = 1 - 2 * POLE * inverse
    p = torch.full_like(u, COEFFICIENTS[-1])
    for coefficient in COEFFICIENTS[-2::-1]:
        p = p * u + coefficient
    return p * inverse
