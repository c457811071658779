"""How far the codes of two classes run into each other."""

import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

__all__ = ["aggregate", "overlap"]

DRAWS = 2000


def aggregate(probability: Tensor, loc: Tensor, scale: Tensor) -> MixtureSameFamily:
    r"""The aggregate posterior of rows, :math:`\frac1N \sum_n \sum_k \pi_{nk}\, N(m_{nk}, s_{nk}^2)`.

    Args:
        probability: :math:`\pi`, ``[N, K]``.
        loc: ``[N, K, D]``.
        scale: ``[N, K, D]``.

    Example:
        >>> aggregate(torch.eye(2), torch.zeros(2, 2, 3), torch.ones(2, 2, 3)).mean
        tensor([0., 0., 0.])
    """
    each = Independent(Normal(loc.flatten(0, 1), scale.flatten(0, 1)), 1)
    return MixtureSameFamily(Categorical(probability.flatten()), each)


def overlap(first: MixtureSameFamily, second: MixtureSameFamily, draws: int = DRAWS) -> float:
    r"""The mass that two densities have in common: 1 if they are one, 0 if they never meet.

    .. math:: \int \min\big(p(z), q(z)\big)\, dz
        = \tfrac12 E_p\big[\min(1, \tfrac qp)\big] + \tfrac12 E_q\big[\min(1, \tfrac pq)\big]

    Args:
        first: p, of real vectors.
        second: q.
        draws: of each, from the global generator.

    Example:
        >>> one = aggregate(torch.ones(1, 1), torch.zeros(1, 1, 2), torch.ones(1, 1, 2))
        >>> overlap(one, one)
        1.0
    """
    shares = []
    for p, q in ((first, second), (second, first)):
        z = p.sample((draws,))
        shares.append((q.log_prob(z) - p.log_prob(z)).clamp(max=0).exp().mean())
    return float(torch.stack(shares).mean())
