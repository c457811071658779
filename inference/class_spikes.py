"""The two loss factors of a class-conditional spike prior: how strongly rows follow it, and how sparse it is."""

from collections.abc import Mapping
from typing import Any

import torch
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor, nn
from torch.special import xlogy

from ..distributions import Clamped, Labels, entropy
from ..schedules import Schedule
from .factor import Factor
from .gates import gates_at

__all__ = ["PatternSparsity", "SpikeStrength"]


class SpikeStrength(Factor):
    r"""The spike part of the KL against a class-conditional prior, once more, with a weight.

    .. math:: \frac1N \sum_n \sum_y q(y | x_n) \sum_j \mathrm{KL}(\gamma_{nj} \| a_{yj})

    The bound holds it at weight 1 already; a weight lambda gives it strength 1 + lambda. At the best a it is lambda
    times the all-sample consistency, which unlabelled rows then share in through q(y | x).

    Args:
        weight: lambda.
        prior: has ``spikes(y)``, such as :class:`~pellucid.models.ClassSpikePrior`.
        site: latent site whose posterior has a ``gate``.
        label: the label site, one that can be enumerated.
        name: the factor's name.

    Example:
        >>> from pyro.distributions import Categorical
        >>> from pellucid.distributions import SpikeAndSlab
        >>> from pellucid.models import ClassSpikePrior
        >>> q = SpikeAndSlab(torch.full((2, 3), 0.25), torch.zeros(2, 3), torch.ones(2, 3)).to_event(1)
        >>> y = Categorical(torch.ones(2, 5))
        >>> strength = SpikeStrength(3.0, ClassSpikePrior(5, 3, alpha=0.25))
        >>> bool(strength({"z": q, "y": y}, None, None).abs() < 1e-6)
        True
    """

    def __init__(
        self,
        weight: float | Schedule,
        prior: nn.Module,
        *,
        site: str = "z",
        label: str = "y",
        name: str = "strength",
    ):
        super().__init__(name, weight)
        self.prior, self.site, self.label = prior, site, label

    def forward(self, posterior: Mapping[str, TorchDistribution], y: Labels, labelled: Labels) -> Tensor:
        """Mean over rows; labels withheld or not."""
        gate = gates_at(self.site, posterior, self.name)
        belief, spikes = joint_values(self.prior, posterior, self.label, self.name)
        cross = gate @ spikes.log().T + (1 - gate) @ (-spikes).log1p().T  # [B, K]
        return -((belief * cross).sum(1) + entropy(gate).sum(1)).mean()


class PatternSparsity(Factor):
    r"""How far the classes' spike probabilities are from alpha, in nats per row.

    .. math:: \frac1N \sum_n \sum_y q(y | x_n) \sum_j \mathrm{KL}(a_{yj} \| \alpha)

    A prior on a, counted once per data set, would hardly act; this is charged for every row. At weight 1, with a at the
    class means of the gates, bound and factor together charge the spikes as plain sparse coding does:
    :math:`\frac1N \sum_n \mathrm{KL}(\gamma_n \| \alpha) = \frac1N \sum_n \mathrm{KL}(\gamma_n \| a) + \mathrm{KL}(a \|
    \alpha)`.

    Args:
        weight: W.
        prior: has ``spikes(y)``.
        alpha: probability that a dimension is on, strictly between 0 and 1.
        label: the label site, one that can be enumerated.
        name: the factor's name.

    Raises:
        ValueError: if alpha is not strictly between 0 and 1.

    Example:
        >>> from pyro.distributions import Categorical
        >>> from pellucid.models import ClassSpikePrior
        >>> y = Categorical(torch.ones(2, 5))
        >>> sparsity = PatternSparsity(1.0, ClassSpikePrior(5, 3, alpha=0.25), alpha=0.25)
        >>> bool(sparsity({"y": y}, None, None).abs() < 1e-6)
        True
    """

    alpha: Tensor

    def __init__(
        self,
        weight: float | Schedule,
        prior: nn.Module,
        alpha: float,
        *,
        label: str = "y",
        name: str = "sparsity",
    ):
        super().__init__(name, weight)
        if not 0 < alpha < 1:
            raise ValueError(f"alpha: expected a probability strictly between 0 and 1; given {alpha}. Try alpha=0.05.")
        self.prior, self.label = prior, label
        self.register_buffer("alpha", torch.tensor(alpha))

    def forward(self, posterior: Mapping[str, TorchDistribution], y: Labels, labelled: Labels) -> Tensor:
        """Mean over rows; labels withheld or not."""
        belief, spikes = joint_values(self.prior, posterior, self.label, self.name)
        cross = xlogy(spikes, self.alpha) + xlogy(1 - spikes, 1 - self.alpha)
        return (belief @ -(cross + entropy(spikes)).sum(1)).mean()


def joint_values(
    prior: Any, posterior: Mapping[str, TorchDistribution], label: str, factor: str
) -> tuple[Tensor, Tensor]:
    """Probabilities ``[B, K]`` of the label site's K joint values under the guide, and the spikes ``[K, D]`` of each.

    Raises:
        ValueError: if the guide has no such site, or its values cannot be listed.
    """
    q = posterior.get(label)
    if q is None or not q.has_enumerate_support:
        raise ValueError(
            f"factor '{factor}': expected a label site '{label}' whose values can be listed; the guide's sites are "
            f"{ {name: type(getattr(d, 'base', d)).__name__ for name, d in posterior.items()} }.\n"
            f"Try one of:\n- classify('{label}', ..., y, labelled) in the guide\n- label=... naming the label site"
        )
    values = q.enumerate_support(expand=False)  # [K, 1] + event
    rows = torch.Size([q.batch_shape.numel()])
    log_belief = (q if isinstance(q, Clamped) else q.expand(rows)).log_prob(values)
    return log_belief.exp().expand(-1, *rows).T, prior.spikes(values.flatten(0, 1))
