"""Loss factors that relate the gates of rows to each other by their labels."""

from abc import abstractmethod
from collections.abc import Mapping

from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor

from ..distributions import Labels, at_site
from ..schedules import Schedule
from .across import across
from .factor import Factor
from .gates import gates_at

__all__ = ["GateFactor"]


class GateFactor(Factor):
    """A factor of the gates at one site and the labels at another, 0 for a batch without labels.

    In training on several processes it sees the rows of all (:func:`~pellucid.inference.across`), so that averaged
    gradients are those of one process with the joined batch; in evaluation each process sees its own. Labels and mask
    are given on all processes or on none.

    Args:
        name: the factor's name.
        weight: its weight.
        site: latent site whose posterior has a ``gate``.
        label: label site, when labels come as a dict.

    Example:
        >>> class Scatter(GateFactor):
        ...     '''Variance of the gates, whatever the labels.'''
        ...     def of_gates(self, gate, labels, labelled):
        ...         return gate.var(0).sum()
        >>> from pellucid.distributions import SpikeAndSlab
        >>> q = SpikeAndSlab(torch.tensor([[1.0], [0.0]]), torch.zeros(2, 1), torch.ones(2, 1)).to_event(1)
        >>> Scatter("scatter", 1.0, "z", "y")({"z": q}, torch.tensor([3, 4]), None)
        tensor(0.5000)
    """

    def __init__(self, name: str, weight: float | Schedule, site: str, label: str):
        super().__init__(name, weight)
        self.site, self.label = site, label

    @abstractmethod
    def of_gates(self, gate: Tensor, labels: Tensor, labelled: Tensor | None) -> Tensor:
        """The unweighted value, 0-d.

        Args:
            gate: ``[B, D]``.
            labels: ``[B]`` or ``[B, L]``.
            labelled: boolean mask ``[B]`` or ``[B, L]``, or None.
        """

    def forward(self, posterior: Mapping[str, TorchDistribution], y: Labels, labelled: Labels) -> Tensor:
        """The value for the site's gates; 0 for a batch without labels."""
        gate, labels = gates_at(self.site, posterior, self.name), at_site(self.label, y)
        if labels is None:
            return 0.0 * gate.sum()
        known = at_site(self.label, labelled)
        if self.training:
            gate, labels = across(gate), across(labels)
            known = None if known is None else across(known)
        return self.of_gates(gate, labels, known)
