"""The sparsity of a learned prior, all its gates together."""

from collections.abc import Callable, Mapping

from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor

from ..distributions import EPS, Labels
from ..schedules import Schedule
from .factor import Factor

__all__ = ["AggregateSparsity", "aggregate_sparsity"]


def aggregate_sparsity(gate: Tensor, alpha: float, *, pooled: bool = True) -> Tensor:
    r"""How far the mean gate of a prior's components is from alpha, in nats.

    .. math:: D \cdot KL\big(\mathrm{Bern}(\bar\gamma) \,\|\, \mathrm{Bern}(\alpha)\big), \qquad
        \bar\gamma = \frac{1}{U D} \sum_{u, j} \gamma_{uj}

    The mean is over components and dimensions (our reading): some dimensions may be open throughout, and some images
    dense, as long as others pay for them.

    Args:
        gate: ``[U, D]`` probabilities that a dimension is on; their means are clamped to ``[EPS, 1 - EPS]``.
        alpha: the mean aimed at, in (0, 1).
        pooled: False takes the mean over components only and sums the divergence over dimensions; never less than the
            pooled value.

    Returns:
        0-d, at least 0, and 0 where the mean is alpha.

    References:
        Tonolini, Jensen, Murray-Smith, Variational Sparse Coding (UAI 2019): the last term of the objective.

    Example:
        >>> aggregate_sparsity(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), alpha=0.5)
        tensor(0.)
    """
    mean = gate.mean() if pooled else gate.mean(0)
    mean = mean.clamp(EPS, 1 - EPS)
    divergence = mean * (mean / alpha).log() + (1 - mean) * ((1 - mean) / (1 - alpha)).log()
    return gate.shape[1] * divergence.mean()


class AggregateSparsity(Factor):
    """The loss factor of the pseudo-input prior: :func:`aggregate_sparsity` of its squashed gates.

    Charged in full for every row, as the source has it. It is no part of the bound: it holds the learned prior sparse,
    and a prior that has been learned is a prior like any other.

    Args:
        gates: gives the gates ``[U, D]``, such as ``PseudoInputPrior(...).gates``. Called at every step; the parameters
            behind it stay those of the prior.
        alpha: the mean aimed at, in (0, 1).
        weight: 1 in the source.
        pooled: as in :func:`aggregate_sparsity`.
        name: the factor's name.

    Raises:
        ValueError: if alpha is not strictly between 0 and 1.

    References:
        Tonolini, Jensen, Murray-Smith, Variational Sparse Coding (UAI 2019).

    Example:
        >>> factor = AggregateSparsity(lambda: torch.full((20, 8), 0.05), alpha=0.05)
        >>> factor({}, None, None) < 1e-6
        tensor(True)
    """

    def __init__(
        self,
        gates: Callable[[], Tensor],
        alpha: float,
        weight: float | Schedule = 1.0,
        *,
        pooled: bool = True,
        name: str = "aggregate",
    ):
        super().__init__(name, weight)
        if not 0 < alpha < 1:
            raise ValueError(f"alpha: expected a probability strictly between 0 and 1; given {alpha}. Try alpha=0.05.")
        self.gates, self.alpha, self.pooled = gates, alpha, pooled

    def forward(self, posterior: Mapping[str, TorchDistribution], y: Labels, labelled: Labels) -> Tensor:
        """The divergence; posterior and labels play no part."""
        return aggregate_sparsity(self.gates(), self.alpha, pooled=self.pooled)
