"""Class consistency: samples of one class share the dimensions that are on."""

from typing import Literal, get_args

import torch
from torch import Tensor

from ..schedules import Schedule
from .attributes import attributes
from .class_means import classes_of, mean_within
from .embedding import spread
from .gate_factor import GateFactor
from .pair_divergence import drawn_divergence, pair_divergence
from .pairs import pair_weight, random_pairs

__all__ = ["ClassConsistency", "class_consistency"]

Average = Literal["pairs", "classes"]
Divergence = Literal["jensen-shannon", "squared"]

AVERAGES, DIVERGENCES = list(get_args(Average)), list(get_args(Divergence))


def class_consistency(
    gate: Tensor,
    labels: Tensor,
    labelled: Tensor | None = None,
    *,
    average: Average = "pairs",
    pairs: int | None = None,
    divergence: Divergence = "jensen-shannon",
) -> Tensor:
    r"""Mean Jensen-Shannon divergence between the gates of two samples of one class, in nats.

    .. math:: \frac{1}{|P|} \sum_{(j,k) \in P} \sum_i \mathrm{JSD}(\gamma_{ji}, \gamma_{ki}),
        \qquad P = \{j < k : y_j = y_k\}

    Summed over dimensions, averaged over pairs (our reading of the source). Without a pair the value is 0, with
    gradient 0.

    Few pairs are visited in blocks; many never: the divergence is a squared distance of features
    (:mod:`~pellucid.inference.embedding`), whose mean over pairs is the spread about the class mean, exact to rounding.
    Memory is that of the gates and a block, in the graph of a large batch as well; that of a small one holds its pairs.
    First derivatives only; a backward pass that builds a graph for second ones is refused.

    Args:
        gate: ``[B, D]`` probabilities that a dimension is on.
        labels: ``[B]`` classes; or ``[B, L]``, one set of pairs for each of L attributes, averaged over attributes.
        labelled: boolean ``[B]`` or ``[B, L]``; rows outside it form no pairs. None: all rows are labelled.
        average: ``"pairs"``: every pair counts alike, a class of twice the rows four times as much. ``"classes"``: the
            mean over the pairs of each class, then over the classes that have one.
        pairs: so many pairs, drawn from torch's generator with replacement: an unbiased estimate, in O(pairs D). None:
            all of them, and nothing is drawn.
        divergence: ``"jensen-shannon"``, or ``"squared"`` for the control
            :math:`\sum_i (\gamma_{ji} - \gamma_{ki})^2`, without unit.

    Returns:
        0-d, in ``[0, D log 2]``. Zero for **any** gate that ignores x: look at the bound and the used dimensions
        beside it.

    Raises:
        ValueError: if the shapes do not fit, an option has no such value, or ``pairs`` is less than 1.

    References:
        Sangari Abiz, Hosseini, Araabi (arXiv 2505.14476), the Jensen-Shannon loss.

    Example:
        >>> gate = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
        >>> class_consistency(gate, torch.tensor([7, 7, 3])).exp().round()  # one pair, one dimension apart: log 2
        tensor(2.)
        >>> class_consistency(gate, torch.tensor([7, 7, 7]), divergence="squared")  # apart by 1, 1 and 2 dimensions
        tensor(1.3333)
    """
    check_options(average, pairs, divergence)
    values = [one_attribute(gate, y, k, average, pairs, divergence) for y, k in attributes(gate, labels, labelled)]
    return values[0] if len(values) == 1 else torch.stack(values).mean()


def check_options(average: str, pairs: int | None, divergence: str) -> None:
    """Refuse values that mean nothing."""
    for name, given, known in (("average", average, AVERAGES), ("divergence", divergence, DIVERGENCES)):
        if given not in known:
            choices = "".join(f"\n- {name}='{choice}'" for choice in known)
            raise ValueError(f"{name}: expected one of {known}; given {given!r}.\nTry one of:{choices}")
    if pairs is not None and (isinstance(pairs, bool) or not isinstance(pairs, int) or pairs < 1):
        raise ValueError(
            f"pairs: expected how many pairs to draw, a whole number of at least 1; given {pairs!r}.\n"
            "Try one of:\n- pairs=None for every pair\n- weight=0 to switch the factor off"
        )


def one_attribute(
    gate: Tensor, labels: Tensor, known: Tensor, average: Average, pairs: int | None, divergence: Divergence
) -> Tensor:
    """The mean over pairs for labels ``[B]``."""
    if pairs is None and divergence == "jensen-shannon":
        return pair_divergence(gate, labels, known, average)
    first, size = classes_of(labels, known)
    weight = pair_weight(size, average, gate.dtype)  # of each pair that a row is in
    if pairs is None:
        return spread(gate, mean_within(gate, first, size), weight * size)
    j, k = random_pairs(pairs, first, size, weight)
    share = weight.any().to(gate.dtype) / pairs
    if divergence == "jensen-shannon":
        return drawn_divergence(gate, j, k, share.expand(pairs))
    return (gate[j] - gate[k]).square().sum() * share


class ClassConsistency(GateFactor):
    """The loss factor of class-consistent sparse coding: :func:`class_consistency` of a spike-and-slab site.

    Any guide with spike probabilities can take it. Only labelled rows count: the label fraction is the data set's
    (``data.labels=...`` of a configuration).

    Args:
        weight: lambda; 0 is plain variational sparse coding, bit for bit. A :class:`~pellucid.schedules.Schedule` such
            as ``Ramp(0, 3, end=0.3)`` is its warm-up.
        site: latent site whose posterior has a ``gate``.
        label: label site whose classes form the pairs, when labels come as a dict.
        name: the factor's name.
        average: over ``"pairs"``, or over pairs and then ``"classes"``.
        pairs: how many pairs to draw at random; None: all, and no draw is taken from torch's generator. Each of several
            processes draws its own from the joined batch: averaged gradients are those of all draws together.
        divergence: ``"jensen-shannon"``, or its control ``"squared"``.

    Raises:
        ValueError: if an option has no such value, or ``pairs`` is less than 1.

    References:
        Sangari Abiz, Hosseini, Araabi (arXiv 2505.14476).

    Example:
        >>> from pellucid.distributions import SpikeAndSlab
        >>> q = SpikeAndSlab(torch.tensor([[0.9], [0.9]]), torch.zeros(2, 1), torch.ones(2, 1)).to_event(1)
        >>> ClassConsistency(3.0)({"z": q}, torch.tensor([1, 1]), None).abs() < 1e-6
        tensor(True)
    """

    def __init__(
        self,
        weight: float | Schedule = 1.0,
        *,
        site: str = "z",
        label: str = "y",
        name: str = "consistency",
        average: Average = "pairs",
        pairs: int | None = None,
        divergence: Divergence = "jensen-shannon",
    ):
        super().__init__(name, weight, site, label)
        check_options(average, pairs, divergence)
        self.average: Average = average
        self.pairs = pairs
        self.divergence: Divergence = divergence

    def of_gates(self, gate: Tensor, labels: Tensor, labelled: Tensor | None) -> Tensor:
        """Divergence of the gates within classes."""
        return class_consistency(
            gate, labels, labelled, average=self.average, pairs=self.pairs, divergence=self.divergence
        )
