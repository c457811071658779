"""The all-sample form of class consistency: what a draw of the spikes tells of the sample within its class."""

import torch
from torch import Tensor

from ..distributions import entropy
from ..schedules import Schedule
from .attributes import attributes
from .class_means import own_class_mean
from .gate_factor import GateFactor

__all__ = ["AllSampleConsistency", "all_sample_consistency"]


def all_sample_consistency(gate: Tensor, labels: Tensor, labelled: Tensor | None = None) -> Tensor:
    r"""Jensen-Shannon divergence of all gates of one class, the mean over classes by their share of rows, in nats.

    .. math:: I(X; \Gamma | Y) = \sum_c \frac{N_c}{N} \sum_i
        \Big[ H(\bar\gamma_{ci}) - \frac{1}{N_c} \sum_{n: y_n = c} H(\gamma_{ni}) \Big]

    The information between a draw of the spikes and the sample within its class. Not the mean over pairs: in large
    classes about twice that, and of another weight on each class. Time O(B log B + B D), static shapes.

    Args:
        gate: ``[B, D]`` probabilities that a dimension is on.
        labels: ``[B]`` classes; or ``[B, L]``, averaged over L attributes.
        labelled: boolean ``[B]`` or ``[B, L]``; rows outside it belong to no class. None: all rows are labelled.

    Returns:
        0-d, in ``[0, D log 2]``. Zero for **any** gate that ignores x, and for classes of one row.

    Raises:
        ValueError: if the shapes do not fit.

    References:
        Lin, "Divergence measures based on the Shannon entropy" (1991), eq. 5.1: the divergence of many distributions.

    Example:
        >>> gate = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
        >>> (3 * all_sample_consistency(gate, torch.tensor([7, 7, 3]))).exp().round()  # of three rows two share log 2
        tensor(4.)
    """
    return torch.stack([one_attribute(gate, y, known) for y, known in attributes(gate, labels, labelled)]).mean()


def one_attribute(gate: Tensor, labels: Tensor, known: Tensor) -> Tensor:
    """The information for labels ``[B]``; a row outside ``known`` is its own mean and adds 0."""
    told = entropy(own_class_mean(gate, labels, known)) - entropy(gate)
    return told.sum() / known.sum().clamp(min=1)


class AllSampleConsistency(GateFactor):
    """The all-sample sibling of :class:`~pellucid.inference.ClassConsistency`: another objective, under its own name.

    At equal weight it presses about twice as hard, and it collapses at a smaller one: look at the used dimensions
    beside it.

    Args:
        weight: lambda; a :class:`~pellucid.schedules.Schedule` is its warm-up.
        site: latent site whose posterior has a ``gate``.
        label: label site of the classes, when labels come as a dict.
        name: the factor's name.

    Example:
        >>> from pellucid.distributions import SpikeAndSlab
        >>> q = SpikeAndSlab(torch.tensor([[1.0], [0.0]]), torch.zeros(2, 1), torch.ones(2, 1)).to_event(1)
        >>> AllSampleConsistency(3.0)({"z": q}, torch.tensor([1, 1]), None).exp().round()  # log 2
        tensor(2.)
    """

    def __init__(self, weight: float | Schedule = 1.0, *, site: str = "z", label: str = "y", name: str = "all_sample"):
        super().__init__(name, weight, site, label)

    def of_gates(self, gate: Tensor, labels: Tensor, labelled: Tensor | None) -> Tensor:
        """The information of the gates within classes."""
        return all_sample_consistency(gate, labels, labelled)
