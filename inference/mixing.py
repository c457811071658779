"""Partners for rows that are mixed, at random among their own kind or the nearest by their codes; and shares."""

import math

import torch
from pyro.distributions import TorchDistribution
from torch import Tensor

__all__ = ["among_their_own", "nearest", "separation_of_codes", "symmetric_beta"]


def among_their_own(known: Tensor) -> Tensor:
    """A uniform permutation of the labelled rows and one of the others, ``[B]`` indices.

    Args:
        known: ``[B]`` boolean.

    Example:
        >>> known = torch.tensor([True, False, True, False])
        >>> (known[among_their_own(known)] == known).all()
        tensor(True)
    """
    # Two random orders, labelled rows first in both: who stands at a place in one meets who stands there in the other.
    first, second = (torch.argsort(torch.rand_like(known, dtype=torch.float32) - 2 * known.float()) for _ in range(2))
    return torch.empty_like(first).scatter(0, first, second)


def nearest(code: TorchDistribution, known: Tensor) -> Tensor:
    """Of each row the row of its own kind whose code is nearest, ``[B]`` indices; itself where there is no other.

    Args:
        code: q(z | x), batch ``[B]``, event ``[D]``; compared by means and standard deviations.
        known: ``[B]`` boolean.

    Example:
        >>> import pyro.distributions as dist
        >>> code = dist.Normal(torch.tensor([[0.0], [5.0], [1.0], [4.0]]), 1.0).to_event(1)
        >>> nearest(code, torch.zeros(4, dtype=torch.bool))
        tensor([2, 3, 0, 1])
    """
    apart = separation_of_codes(code)
    itself = torch.eye(len(known), dtype=torch.bool, device=known.device)
    other_kind = known[:, None] != known
    far = torch.finfo(apart.dtype).max
    return apart.masked_fill(itself, far).masked_fill(other_kind, torch.inf).argmin(1)


def separation_of_codes(code: TorchDistribution) -> Tensor:
    r"""KL of every row's Normal from every other's, ``[B, B]`` nats, by products of matrices.

    .. math:: \mathrm{KL}_{ij} = \sum_d \log\frac{s_{jd}}{s_{id}} + \frac{s_{id}^2 + (m_{id} - m_{jd})^2}{2 s_{jd}^2}
        - \tfrac12

    Args:
        code: batch ``[B]``, event ``[D]``.

    Example:
        >>> import pyro.distributions as dist
        >>> separation_of_codes(dist.Normal(torch.tensor([[0.0], [2.0]]), 1.0).to_event(1))
        tensor([[0., 2.],
                [2., 0.]])
    """
    m, s = code.mean, code.stddev
    precision, spread = s.square().reciprocal(), s.log().sum(-1)
    squares = (s.square() + m.square()) @ precision.T + (m.square() * precision).sum(-1) - 2 * m @ (m * precision).T
    return spread - spread[:, None] + squares / 2 - m.shape[-1] / 2


def symmetric_beta(a: float, rows: Tensor) -> Tensor:
    r"""Draws from Beta(a, a), one for each row, from two uniform numbers each; zeros for a = 0.

    .. math:: b = \frac12 \Big(1 + \frac{t}{\sqrt{1 + t^2}}\Big), \qquad t = \sqrt{u^{-1/a} - 1}\, \cos(2 \pi v)

    t is Student's, over the root of its 2 a degrees of freedom. torch's own draws cannot be traced.

    Args:
        a: 0 or more.
        rows: ``[B, ...]``; its number of rows, device and dtype count.

    References:
        Devroye, "Random variate generation in one line of code" (1996); Bailey, "Polar generation of random variates
        with the t-distribution" (1994).

    Example:
        >>> symmetric_beta(0.1, torch.zeros(3)).shape
        torch.Size([3])
    """
    if not a:
        return rows.new_zeros(len(rows))
    u, v = rows.new_empty(2, len(rows)).uniform_().unbind()
    cosine = (2 * math.pi * v).cos()
    square = torch.expm1(-u.clamp(min=torch.finfo(u.dtype).tiny).log() / a) * cosine.square()
    return (1 + cosine.sign() * (1 + 1 / square).rsqrt()) / 2
