"""How much a dimension tells of its image: the mutual information of the image and one latent dimension."""

import math
from typing import Any

import numpy as np
import pyro.distributions as dist
import torch
from torch import Tensor

from ...distributions import RelaxedSpikeAndSlab, SpikeAndSlab, entropy

__all__ = ["dimension_information"]

TILE = 2**18  # elements of one [draws, rows, D] block: small enough to stay in the processor's cache


@torch.no_grad()
def dimension_information(marginal: Any, rows: int = 500, draws: int = 4) -> np.ndarray:
    r"""Mutual information of a row and each dimension of its code, in nats, by Monte Carlo over the rows given.

    .. math:: I(x; z_j) = \frac1N \sum_n E_{q(z_j | x_n)}\Big[\log q(z_j | x_n) - \log \frac1N \sum_m q(z_j | x_m)\Big]

    At most :math:`\log N`. Atoms count as such: the density of a spike-and-slab is that of its mixed measure, so that
    its information is the spike's, in closed form, and where the spike is on, the slab's:

    .. math:: I(x; z_j) = H(\bar\gamma_j) - \frac1N \sum_n H(\gamma_{nj}) + \frac1N \sum_n \gamma_{nj}
        E_{\mathcal N_{nj}}\Big[\log \mathcal N_{nj}(z) - \log \frac{\sum_m \gamma_{mj} \mathcal N_{mj}(z)}{\sum_m
        \gamma_{mj}}\Big]

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
    drawn = marginal.sample((draws,))
    z = drawn[:, :rows].flatten(0, 1)
    if isinstance(marginal, SpikeAndSlab) and not isinstance(marginal, RelaxedSpikeAndSlab):
        gate, own = marginal.gate.double(), marginal.slab.log_prob(drawn)[:, :rows].flatten(0, 1)
        value = entropy(gate.mean(0)) - entropy(gate).mean(0) + slab_information(marginal, z, own)
    else:
        gain = marginal.log_prob(drawn)[:, :rows].flatten(0, 1) - mean_density(marginal, z)
        value = gain.nan_to_num(0.0, 0.0, 0.0).mean(0)
    return value.clamp(min=0).numpy()


def slab_information(marginal: SpikeAndSlab, z: Tensor, own: Tensor) -> Tensor:
    """What the slabs tell, ``[D]`` nats, by draws ``z`` ``[S, D]`` and their log-densities: those that are on."""
    value = torch.zeros(z.shape[1], dtype=torch.float64)
    for j in range(z.shape[1]):
        on, gate = z[:, j] != 0, marginal.gate[:, j, None]
        slab = dist.Normal(marginal.loc[:, j, None], marginal.scale[:, j, None], validate_args=False)
        mixed = mean_density(slab, z[on, j, None], (gate / gate.mean()).log())
        value[j] = (own[on, j, None] - mixed).sum() / len(z)
    return value


def mean_density(marginal: Any, z: Tensor, log_weight: Tensor | float = 0.0) -> Tensor:
    """Log of the mean over the rows n of weight_n q(z | x_n), ``[S, D]`` for draws ``[S, D]``."""
    total, dimensions = marginal.batch_shape
    parts = z.split(max(1, TILE // (total * dimensions)))
    mixed = [(marginal.log_prob(part[:, None]) + log_weight).logsumexp(1) for part in parts]
    return torch.cat(mixed).double() - math.log(total)
