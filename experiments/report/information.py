"""How much a dimension tells of its image: the mutual information of the image and one latent dimension."""

import math
from typing import Any

import numpy as np
import torch

__all__ = ["dimension_information"]


def dimension_information(marginal: Any, rows: int = 500, draws: int = 4) -> np.ndarray:
    r"""Mutual information of a row and each dimension of its code, in nats, by Monte Carlo over the rows given.

    .. math:: I(x; z_j) = \frac1N \sum_n E_{q(z_j | x_n)}\Big[\log q(z_j | x_n) - \log \frac1N \sum_m q(z_j | x_m)\Big]

    At most :math:`\log N`. Atoms count as such: the density of a spike-and-slab is that of its mixed measure.

    Args:
        marginal: distribution with batch ``[N, D]``.
        rows: how many rows, from the first, are drawn from; the inner mean is over all N.
        draws: of each of them.

    Returns:
        ``[D]``, not below zero.

    Example:
        >>> import pyro.distributions as dist
        >>> far_apart = dist.Normal(torch.tensor([[-9.0, 0.0], [9.0, 0.0]]), 1.0)
        >>> dimension_information(far_apart).round(3).tolist()
        [0.693, 0.0]
    """
    with torch.no_grad():
        z = marginal.sample((draws,))
        total, dimensions = z.shape[1:]
        own = marginal.log_prob(z)[:, :rows].flatten(0, 1).double()
        step = max(1, 2**21 // (total * dimensions))
        mixed = [
            marginal.log_prob(part[:, None]).double().logsumexp(1) for part in z[:, :rows].flatten(0, 1).split(step)
        ]
        gain = own - (torch.cat(mixed) - math.log(total))
    return gain.nan_to_num(0.0, 0.0, 0.0).mean(0).clamp(min=0).numpy()
