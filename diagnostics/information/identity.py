"""The KL of an autoencoder, split into what a dimension tells and how far its aggregate is from the prior."""

import math
from dataclasses import dataclass
from functools import reduce
from itertools import chain

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution

from ..arrays import Array
from .aggregate import Aggregate
from .components import Components, Posterior, batches, prior_components
from .row_entropy import row_entropy

__all__ = ["SparsityIdentity", "sparsity_identity"]

PRINTED = 20  # dimensions, at most


@dataclass(frozen=True)
class SparsityIdentity:
    """The mean KL of each of D dimensions and its two parts, in nats. Printed, it is a table.

    Attributes:
        kl: ``[D]``, the mean over rows of KL(q(z_j | x) || p(z_j)).
        information: ``[D]``, I(x; z_j).
        marginal_kl: ``[D]``, KL of the aggregate posterior from the prior.
        gap: ``[D]``, the first less the two others: 0 but for rounding.
    """

    kl: np.ndarray
    information: np.ndarray
    marginal_kl: np.ndarray

    @property
    def gap(self) -> np.ndarray:
        """``[D]``."""
        return self.kl - self.information - self.marginal_kl

    def __str__(self) -> str:
        order = np.argsort(-self.information, kind="stable")
        chosen = {str(j): np.array([j]) for j in order[:PRINTED]}
        if len(order) > PRINTED:
            chosen[f"{len(order) - PRINTED} others"] = order[PRINTED:]
        lines = ["dimension  mean KL = information + KL(aggregate || prior), nats"]
        for name, which in (chosen | {"all": order}).items():
            kl, information, marginal = (
                round(float(each[which].sum()), 4) + 0.0 for each in (self.kl, self.information, self.marginal_kl)
            )
            lines.append(f"{name:9}  {kl:7.4f} = {information:11.4f} + {marginal:.4f}")
        return "\n".join([*lines, f"largest gap of a dimension: {np.abs(self.gap).max():.0e} nats"])


def sparsity_identity(
    posterior: Posterior, scale: Array | None = None, *, prior: Distribution | None = None
) -> SparsityIdentity:
    r"""The penalty of the evidence bound, dimension by dimension: an L1 penalty on informations, and a misfit.

    .. math::
        \frac1N \sum_n \mathrm{KL}\big(q(z | x_n) \,\|\, p(z)\big) = \sum_j \Big[ I(x; z_j) +
        \mathrm{KL}\big(\bar q(z_j) \,\|\, p(z_j)\big) \Big]

    for a posterior and a prior of independent dimensions. The left side is added up from each row's closed form, the
    aggregate's KL on the right comes from its quadrature: a gap of zero says that the quadrature has the rows' mass,
    mean and variance. The aggregate's entropy is in both of its terms with opposite signs, and is not tested by it.

    Args:
        posterior: as :func:`mutual_information` takes it.
        scale: beside an array of locations.
        prior: Normal or :class:`~pellucid.distributions.SpikeAndSlab`, of batch ``[]`` or ``[D]``, or ``[]`` with event
            ``[D]``; a standard Normal if omitted.

    Raises:
        ValueError: as :func:`mutual_information`; for another prior, or one without an atom beside posteriors that have
            one.

    References:
        Liu et al., Discovering Influential Factors in Variational Autoencoder (arXiv 1809.01804), theorem 1.

    Example:
        >>> loc = torch.tensor([[-2.0, 0.0], [2.0, 0.0]])
        >>> print(str(sparsity_identity(loc, torch.ones(2, 2))).rpartition("largest")[0])
        dimension  mean KL = information + KL(aggregate || prior), nats
        0           2.0000 =      0.6327 + 1.3673
        1           0.0000 =      0.0000 + 0.0000
        all         2.0000 =      0.6327 + 1.3673
        <BLANKLINE>
    """
    parts = iter(batches(posterior, scale))
    first = next(parts)
    p = prior_components(prior, first)

    def sums(q: Components) -> tuple[Aggregate, Tensor, Tensor]:
        return Aggregate.of(q), row_entropy(q).sum(0).cpu(), log_prior(q, p).sum(0).cpu()

    whole, own, expected = reduce(added, map(sums, chain([first], parts)))
    own, expected = own / whole.rows, expected / whole.rows
    entropy, moments = whole.integrals()
    share = None if whole.atom is None else whole.atom / whole.rows
    return SparsityIdentity(
        kl=(-own - expected).numpy(),
        information=(entropy - own).numpy(),
        marginal_kl=(-entropy - log_prior_of(moments, share, p.to("cpu"))).numpy(),
    )


def added(a: tuple[Aggregate, Tensor, Tensor], b: tuple[Aggregate, Tensor, Tensor]) -> tuple[Aggregate, Tensor, Tensor]:
    """The sums over two batches."""
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def log_prior(q: Components, p: Components) -> Tensor:
    r""":math:`E_{q(z_j | x_n)} \log p(z_j)`, ``[N, D]`` nats."""
    distance = ((q.loc - p.loc).square() + q.scale.square()) / (2 * p.scale.square())
    slab = (q.weight * (p.weight.log() - p.scale.log() - 0.5 * math.log(2 * math.pi) - distance)).sum(-1)
    return slab if q.atom is None or p.atom is None else slab + torch.xlogy(q.atom, p.atom)


def log_prior_of(moments: Tensor, share: Tensor | None, p: Components) -> Tensor:
    """The same of the aggregate, ``[D]``, from its mass, mean and mean square off the atom, and the atom's share."""
    weight, loc, scale = (each[0, :, 0] for each in (p.weight, p.loc, p.scale))
    mass, mean, square = moments.unbind(-1)
    distance = (square - 2 * loc * mean + loc.square() * mass) / (2 * scale.square())
    slab = mass * (weight.log() - scale.log() - 0.5 * math.log(2 * math.pi)) - distance
    return slab if share is None or p.atom is None else slab + torch.xlogy(share, p.atom[0])
