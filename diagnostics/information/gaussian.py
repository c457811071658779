"""Information as it would be if the aggregate were a Normal: the estimator of the source, and its centred form."""

import math
from collections.abc import Iterable
from functools import reduce
from itertools import chain

import torch
from torch import Tensor

from .components import Components
from .result import Information

__all__ = ["gaussian_information"]


def gaussian_information(parts: Iterable[Components], *, centred: bool) -> Information:
    r"""The information with the aggregate posterior replaced by one Normal, in nats.

    .. math:: \hat I_j = \tfrac12 \Big[ \log s_j^2 - \frac1N \sum_n \log \sigma_{nj}^2 \Big]

    with :math:`s_j^2 = \frac1N \sum_n (\sigma_{nj}^2 + \mu_{nj}^2)`, the best zero-mean Normal (the source's), or less
    :math:`\bar \mu_j^2`, the best Normal. Either is an upper bound of the exact value, by the KL divergence of the
    aggregate from that Normal; the first moves when z is shifted, and both can exceed log N.

    Args:
        parts: batches of one Normal each.
        centred: whether the mean is taken off.

    Raises:
        ValueError: if the posterior is not one Normal in each dimension.

    References:
        Liu et al., Discovering Influential Factors in Variational Autoencoder (arXiv 1809.01804), algorithm 1.
    """
    parts = iter(parts)
    batch = next(parts)
    centre = batch.loc[..., 0].mean(0)  # about it, squares lose no digits to a code far from 0
    rows, first, second = reduce(added, (sums(q, centre) for q in chain([batch], parts)))
    mean, centre = first / rows, centre.cpu()
    square, offset, logarithm = mean.unbind(-1)
    # the mean square about 0 or about the mean, and its slope by the offset
    variance, slope = (
        (square - offset**2, -2 * offset) if centred else (square + centre * (2 * offset + centre), 2 * centre)
    )
    information = 0.5 * (variance.log() - logarithm)
    # the estimate is a function of three means: its error by the delta method
    slope = 0.5 * torch.stack([1 / variance, slope / variance, -torch.ones_like(variance)], -1)
    covariance = second / rows - mean[:, :, None] * mean[:, None]
    error = torch.einsum("da,dab,db->d", slope, covariance, slope).clamp(min=0).sqrt() / math.sqrt(rows)
    return Information(information.numpy(), error.numpy(), rows, "matched" if centred else "gaussian")


def sums(q: Components, centre: Tensor) -> tuple[int, Tensor, Tensor]:
    """Rows, and the sums ``[D, 3]`` and ``[D, 3, 3]`` of the estimate's three terms and of their products."""
    if q.loc.shape[2] != 1 or q.atom is not None:
        raise ValueError(
            f"method: the Normal approximations are for one Normal a dimension; the posterior has {q.kind}.\n"
            'Try one of:\n- method="exact", which takes them all'
        )
    offset, scale = q.loc[..., 0] - centre, q.scale[..., 0]
    value = torch.stack([scale.square() + offset.square(), offset, 2 * scale.log()], -1)
    return len(q), value.sum(0).cpu(), torch.einsum("nda,ndb->dab", value, value).cpu()


def added(a: tuple[int, Tensor, Tensor], b: tuple[int, Tensor, Tensor]) -> tuple[int, Tensor, Tensor]:
    """The sums over two batches."""
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]
