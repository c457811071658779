"""Constant matrices of the quadrature: the density that a box of Normals leaves on the panels around it."""

import math
from functools import cache

import numpy as np
import torch
from numpy.polynomial import chebyshev, legendre
from torch import Tensor

__all__ = ["LOCS", "NODES", "PRECISIONS", "REACH", "children", "density", "gauss_legendre"]

LOCS, PRECISIONS = 14, 16
"""Chebyshev moments kept of a box, along its locations and along its precisions: an error below 1e-13 of a peak."""
NODES = 14
"""Gauss-Legendre nodes in a panel."""
REACH = 17
"""Panels to either side of a box on which its densities are not zero: at least 8.5 standard deviations."""


@cache
def gauss_legendre(number: int) -> tuple[Tensor, Tensor]:
    """Nodes in a panel ``[0, 1]``, and their weights, of sum 1: ``[number]`` each."""
    node, weight = legendre.leggauss(number)
    return torch.from_numpy((node + 1) / 2), torch.from_numpy(weight / 2)


@cache
def density(band: int) -> Tensor:
    r"""From the Chebyshev moments of a box to the density that it leaves on the panels around it.

    The box holds Normals of location :math:`0 \le \mu \le 1` and precision :math:`2^{-b-1} \le \tau \le 2^{-b}`, for
    band b. On those ranges

    .. math:: \frac{1}{\sqrt{2\pi}} e^{-\tau (z - \mu)^2 / 2} \approx \sum_{a < A} \sum_{b < B} E_{ab}(z) \,
        S_a(2\mu - 1) \, S_b(v(\tau))

    S the Chebyshev polynomials up to :func:`sign` and v the precision brought to [-1, 1], so that the sum over any rows
    in the box is a sum over its A x B moments. The exponential is an entire function of both, and the coefficients fall
    faster than geometrically.

    Args:
        band: 0 or 1.

    Returns:
        ``[LOCS * PRECISIONS, (2 REACH + 1) * NODES]``: E at the nodes of the panels ``[o, o + 1]``, o from -REACH to
        REACH.
    """
    z = (np.arange(-REACH, REACH + 1)[:, None] + gauss_legendre(NODES)[0].numpy()).ravel()
    loc = (first_kind(LOCS) + 1) / 2
    precision = (first_kind(PRECISIONS) + 3) / 4 * 2.0**-band
    value = np.exp(-0.5 * precision[:, None] * (z - loc[:, None, None]) ** 2) / math.sqrt(2 * math.pi)
    coefficient = np.einsum("am,bt,mtz->abz", transform(LOCS), transform(PRECISIONS), value)
    return torch.from_numpy(coefficient.reshape(LOCS * PRECISIONS, len(z)))


@cache
def children() -> Tensor:
    """From values at the nodes of a panel to those at the nodes of its left and right half, ``[2, NODES, NODES]``."""
    node = gauss_legendre(NODES)[0].numpy()
    basis = legendre.legvander(2 * node - 1, NODES - 1)
    halves = [legendre.legvander(node - 1 + half, NODES - 1) @ np.linalg.inv(basis) for half in (0, 1)]
    return torch.from_numpy(np.stack([each.T for each in halves]))


def sign(number: int) -> np.ndarray:
    r"""+ + - - + + ..., ``[number]``: Chebyshev polynomials with these signs obey a recurrence of one operation.

    .. math:: S_k = S_{k-2} - (-1)^k \, 2 x \, S_{k-1}
    """
    return np.where(np.arange(number) % 4 < 2, 1.0, -1.0)


def first_kind(number: int) -> np.ndarray:
    """The zeros of the Chebyshev polynomial of that degree."""
    return chebyshev.chebpts1(number)


def transform(number: int) -> np.ndarray:
    """From values at those zeros to Chebyshev coefficients with their :func:`sign`, ``[coefficient, zero]``."""
    scale = sign(number) * 2.0 / number
    scale[0] /= 2
    return (scale * chebyshev.chebvander(first_kind(number), number - 1)).T
