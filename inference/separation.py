"""Class separation: the gates must tell the classes apart, by so many nats and no more."""

import torch
from torch import Tensor

from ..distributions import entropy
from ..schedules import Schedule
from .attributes import attributes
from .class_means import own_class_mean
from .gate_factor import GateFactor

__all__ = ["ClassSeparation", "class_information"]


def class_information(gate: Tensor, labels: Tensor, labelled: Tensor | None = None) -> Tensor:
    r"""What a draw of each spike tells of the class, in nats.

    .. math:: I(Y; \Gamma_i) = H(\bar\gamma_i) - \frac1N \sum_n H(\bar\gamma_{y_n, i}), \qquad
        \bar\gamma_c = \text{mean gate of class } c, \quad \bar\gamma = \text{of all}

    Together with the all-sample consistency it splits the divergence of all rows exactly, dimension by dimension:
    :math:`H(\bar\gamma) - \frac1N \sum_n H(\gamma_n) = I(X; \Gamma | Y) + I(Y; \Gamma)`.

    Args:
        gate: ``[B, D]`` probabilities that a dimension is on.
        labels: ``[B]`` classes; or ``[B, L]``, the mean over L attributes.
        labelled: boolean ``[B]`` or ``[B, L]``; rows outside it are left out. None: all rows are labelled.

    Returns:
        ``[D]``, each between 0 and ``log 2``; 0 without a labelled row. A plug-in estimate from the rows given: a class
        of few rows looks more distinct than it is.

    Raises:
        ValueError: if the shapes do not fit.

    Example:
        >>> gate = torch.tensor([[1.0, 0.5], [1.0, 0.5], [0.0, 0.5], [0.0, 0.5]])
        >>> class_information(gate, torch.tensor([0, 0, 1, 1])).exp().round()
        tensor([2., 1.])
    """
    return torch.stack([one_label(gate, y, known) for y, known in attributes(gate, labels, labelled)]).mean(0)


def one_label(gate: Tensor, labels: Tensor, known: Tensor) -> Tensor:
    """The information ``[D]`` for labels ``[B]``."""
    share = (known / known.sum().clamp(min=1)).to(gate.dtype)  # 1/N for a labelled row, 0 for another
    return (entropy(share @ gate) - share @ entropy(own_class_mean(gate, labels, known))) * known.any()


class ClassSeparation(GateFactor):
    r"""How many nats the gates fall short of telling the classes apart: the counterweight of class consistency.

    .. math:: \frac{|\text{labelled}|}{|\text{batch}|} \max\Big(0,\; \text{nats} - \sum_i I(Y; \Gamma_i)\Big)

    A gate that ignores the image costs consistency nothing, so consistency alone is best served by switching dimensions
    off. The spike KL of plain sparse coding, averaged over rows, is dimension by dimension

    .. math:: I(X; \Gamma | Y) + I(Y; \Gamma) + \mathrm{KL}(\bar\gamma \| \alpha)

    so it charges class information as any other. Consistency raises the price of the first term; this factor lowers
    that of the second. **Up to a weight of 1 it never pays for more than that charge**, and class information is at
    best free; above 1 it is bought, dimension after dimension, until ``nats`` are reached and the reward ends. Under a
    class-conditional prior (:class:`~pellucid.models.ClassSpikePrior`) the charge is only that of
    :class:`~pellucid.inference.PatternSparsity`, and the limit its weight W.

    What is bought beyond that is redundancy: dimensions are counted one by one, and what several tell alike counts
    several times. Only labelled rows are told apart, so the value is multiplied by their share of the batch, as the
    charge they bear is. Let a batch hold some ten labelled rows a class: fewer look distinct by chance (gates that know
    nothing of ten classes show .01 nats a dimension in 256 rows, and .1 in ten).

    Args:
        weight: kappa. A schedule that falls, such as ``Ramp(1.5, 0.5, 0.2, 0.8)``, gives the classes dimensions of
            their own early and lets the bound prune them.
        nats: of :math:`\sum_i I(Y; \Gamma_i)` that are enough; twice log(classes) leaves room for a redundant code.
        site: latent site whose posterior has a ``gate``.
        label: label site whose classes are told apart, when labels come as a dict.
        name: the factor's name.

    Raises:
        ValueError: if ``nats`` is not positive.

    Example:
        >>> from pellucid.distributions import SpikeAndSlab
        >>> q = SpikeAndSlab(torch.tensor([[0.9], [0.9]]), torch.zeros(2, 1), torch.ones(2, 1)).to_event(1)
        >>> ClassSeparation(nats=2.0)({"z": q}, torch.tensor([0, 1]), None).round()  # equal gates tell nothing
        tensor(2.)
    """

    def __init__(
        self,
        weight: float | Schedule = 1.0,
        *,
        nats: float = 5.0,
        site: str = "z",
        label: str = "y",
        name: str = "separation",
    ):
        super().__init__(name, weight, site, label)
        if not nats > 0:
            raise ValueError(
                f"nats: expected how much the gates should tell of the class, more than 0; given {nats}. "
                "Try 2 log(classes), 4.6 for ten."
            )
        self.nats = nats

    def of_gates(self, gate: Tensor, labels: Tensor, labelled: Tensor | None) -> Tensor:
        """The shortfall."""
        share = 1.0 if labelled is None else labelled.to(gate.dtype).mean()
        return share * (self.nats - class_information(gate, labels, labelled).sum()).clamp(min=0)
