"""Class consistency: samples of one class share the dimensions that are on."""

from collections.abc import Mapping

import torch
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor

from ..distributions import EPS, Labels, SpikeAndSlab, at_site, entropy
from ..schedules import Schedule
from .factor import Factor

__all__ = ["ClassConsistency", "class_consistency"]


def class_consistency(gate: Tensor, labels: Tensor, labelled: Tensor | None = None) -> Tensor:
    r"""Mean Jensen-Shannon divergence between the gates of two samples of one class, in nats.

    .. math:: \frac{1}{|P|} \sum_{(j,k) \in P} \sum_i \mathrm{JSD}(\gamma_{ji}, \gamma_{ki}),
        \qquad P = \{j < k : y_j = y_k\}

    Summed over dimensions, averaged over pairs (our reading of the source). Without a pair the value is 0, with
    gradient 0.

    Args:
        gate: ``[B, D]`` probabilities that a dimension is on.
        labels: ``[B]`` classes; or ``[B, L]``, one set of pairs for each of L attributes, averaged over attributes.
        labelled: boolean ``[B]`` or ``[B, L]``; rows outside it form no pairs. None: all rows are labelled.

    Returns:
        0-d, in ``[0, D log 2]``. Zero for **any** gate that ignores x: look at the bound and the used dimensions
        beside it.

    Raises:
        ValueError: if the shapes do not fit.

    References:
        Sangari Abiz, Hosseini, Araabi (arXiv 2505.14476), the Jensen-Shannon loss.

    Example:
        >>> gate = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
        >>> class_consistency(gate, torch.tensor([7, 7, 3])).exp().round()  # one pair, one dimension apart: log 2
        tensor(2.)
    """
    if gate.dim() != 2 or labels.dim() not in (1, 2) or len(labels) != len(gate):
        raise ValueError(
            f"class_consistency: expected gate [B, D] and labels [B] or [B, L]; given {list(gate.shape)} and "
            f"{list(labels.shape)}.\n"
            "Try one of:\n- gates of one draw a row: not below an enumerated label, not of several particles at once\n"
            "- labels.argmax(-1) for one-hot labels"
        )
    known = torch.ones_like(labels, dtype=torch.bool) if labelled is None else labelled
    if known.dtype != torch.bool or known.shape not in (labels.shape, labels.shape[:1]):
        raise ValueError(
            f"labelled: expected a boolean mask {list(labels.shape)} or {list(labels.shape[:1])}; "
            f"given {known.dtype} {list(known.shape)}.\n"
            "Try one of:\n- labelled.bool() for a mask of zeros and ones\n- labelled=None if every row has its label"
        )
    labels = labels[:, None] if labels.dim() == 1 else labels
    known = (known[:, None] if known.dim() == 1 else known).expand(labels.shape)
    return torch.stack(
        [one_attribute(gate, y, k) for y, k in zip(labels.unbind(1), known.unbind(1), strict=True)]
    ).mean()


def one_attribute(gate: Tensor, labels: Tensor, known: Tensor) -> Tensor:
    """The mean over pairs for labels ``[B]``."""
    same = (labels[:, None] == labels) & known[:, None] & known
    if torch.compiler.is_compiling() or torch.compiler.is_exporting():
        # A graph's shapes must hold for every batch: all pairs, masked.
        first, second = torch.triu_indices(len(gate), len(gate), 1, device=gate.device)
    else:
        first, second = same.triu(1).nonzero(as_tuple=True)
    gate, paired = gate.clamp(EPS, 1 - EPS), same[first, second].to(gate.dtype)
    alone = entropy(gate).sum(1)  # once a row, not once a pair
    together = entropy((gate.index_select(0, first) + gate.index_select(0, second)) / 2).sum(1)
    divergence = together - (alone[first] + alone[second]) / 2
    return (divergence * paired).sum() / paired.sum().clamp(min=1)


class ClassConsistency(Factor):
    """The loss factor of class-consistent sparse coding: :func:`class_consistency` of a spike-and-slab site.

    Any guide with spike probabilities can take it. Only labelled rows count.

    Args:
        weight: lambda; 0 is plain variational sparse coding, bit for bit.
        site: latent site whose posterior has a ``gate``.
        label: label site whose classes form the pairs, when labels come as a dict.
        name: the factor's name.

    References:
        Sangari Abiz, Hosseini, Araabi (arXiv 2505.14476).

    Example:
        >>> from pellucid.distributions import SpikeAndSlab
        >>> q = SpikeAndSlab(torch.tensor([[0.9], [0.9]]), torch.zeros(2, 1), torch.ones(2, 1)).to_event(1)
        >>> ClassConsistency(3.0)({"z": q}, torch.tensor([1, 1]), None).abs() < 1e-6
        tensor(True)
    """

    def __init__(self, weight: float | Schedule = 1.0, *, site: str = "z", label: str = "y", name: str = "consistency"):
        super().__init__(name, weight)
        self.site, self.label = site, label

    def forward(self, posterior: Mapping[str, TorchDistribution], y: Labels, labelled: Labels) -> Tensor:
        """Divergence of the site's gates within classes; 0 for a batch without labels."""
        q = posterior.get(self.site)
        while q is not None and hasattr(q, "base_dist"):
            q = q.base_dist
        if not isinstance(q, SpikeAndSlab):
            raise ValueError(
                f"factor '{self.name}': expected a spike-and-slab posterior at site '{self.site}'; the "
                "guide's sites are "
                f"{ {name: type(getattr(d, 'base_dist', d)).__name__ for name, d in posterior.items()} }.\n"
                "Try one of:\n- site=... naming the one that has gates\n- SpikeAndSlabPosterior as the guide"
            )
        labels = at_site(self.label, y)
        if labels is None:
            return 0.0 * q.gate.sum()
        return class_consistency(q.gate, labels, at_site(self.label, labelled))
