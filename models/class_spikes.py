"""Class-conditional spikes: each class opens dimensions of its own, and the label is a site."""

import math
from abc import abstractmethod

import pyro
import pyro.distributions as dist
import torch
from torch import Tensor, nn

from ..distributions import EPS, BinaryVector, Labels, SpikeAndSlab, whole_rows
from ..program import Program
from .label import label

__all__ = ["AttributeSpikePrior", "ClassSpikePrior"]

GAIN = 10.0
"""Logits a unit of the learned parameter is worth. A spike goes from rare to certain over some six logits; with Adam's
steps of 1e-3 the logits themselves would need thousands of steps for it."""


class SpikePattern(Program):
    """What the two priors share: the site "z", its slabs standard Normal, its spikes given by the label.

    Args:
        dim: latent dimensions D.
        alpha: probability that a dimension is on, where training starts, in (0, 1).
    """

    def __init__(self, dim: int, alpha: float):
        super().__init__()
        if not 0 < alpha < 1:
            raise ValueError(f"alpha: expected a probability strictly between 0 and 1; given {alpha}. Try alpha=0.05.")
        self.start = math.log(alpha / (1 - alpha)) / GAIN
        self.register_buffer("loc", torch.zeros(dim))
        self.register_buffer("scale", torch.ones(dim))

    @abstractmethod
    def spikes(self, y: Tensor) -> Tensor:
        """Probability ``[..., D]`` that each dimension is on, given labels ``[...]`` or ``[..., L]``."""

    def open(self, y: Tensor) -> Tensor:
        """Sample site "z" ``[B, D]`` given the labels."""
        return pyro.sample("z", SpikeAndSlab(self.spikes(y), self.loc, self.scale).to_event(1))


class ClassSpikePrior(SpikePattern):
    r"""Every class has its own probability for every dimension to be on.

    .. math:: p(y) = \tfrac1C, \qquad
        p(z | y) = \prod_j \big[ a_{yj}\, N(z_j; 0, 1) + (1 - a_{yj})\, \delta_0(z_j) \big]

    The table a is learned. At the best a, the mean gate of the class, the spike part of the KL of a class's rows is
    their all-sample consistency: :math:`\frac1N \sum_n \mathrm{KL}(\gamma_n \| a) = H(\bar\gamma) - \frac1N \sum_n
    H(\gamma_n)`. Two loss factors belong to it: :class:`~pellucid.inference.SpikeStrength` raises that part's weight,
    :class:`~pellucid.inference.PatternSparsity` keeps a near a constant, without which every dimension may stay on.

    Args:
        classes: C.
        dim: latent dimensions D.
        alpha: probability at the start.

    Raises:
        ValueError: if alpha is not strictly between 0 and 1.

    Example:
        >>> prior = ClassSpikePrior(classes=3, dim=4, alpha=0.25)
        >>> prior.spikes(torch.tensor([0, 2])).shape
        torch.Size([2, 4])
    """

    def __init__(self, classes: int, dim: int, alpha: float = 0.05):
        super().__init__(dim, alpha)
        self.table = nn.Parameter(torch.full((classes, dim), self.start))

    def spikes(self, y: Tensor) -> Tensor:
        """Probabilities ``[..., D]`` given classes ``[...]``."""
        return (GAIN * self.table)[y.long()].sigmoid().clamp(EPS, 1 - EPS)

    def forward(self, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample the label site "y" and then "z" ``[B, D]``."""
        return self.open(label("y", dist.Categorical(logits=self.table.new_zeros(len(self.table))), y, labelled))


class AttributeSpikePrior(SpikePattern):
    r"""Every attribute that is present shifts the log-odds of every dimension to be on.

    .. math:: p(y) = 2^{-L}, \qquad \mathrm{logit}\, a_j(y) = b_j + \sum_l y_l W_{lj}, \qquad p(z | y) \text{ as in }
        \text{ClassSpikePrior}

    The label site "y" is the whole vector of attributes (:class:`~pellucid.distributions.BinaryVector`): all joint
    values are summed out where it is not known. A row of which only some attributes are known counts as unlabelled.

    Args:
        attributes: L.
        dim: latent dimensions D.
        alpha: probability at the start.

    Raises:
        ValueError: if alpha is not strictly between 0 and 1.

    Example:
        >>> prior = AttributeSpikePrior(attributes=4, dim=6)
        >>> prior.pattern.shape
        torch.Size([4, 6])
    """

    def __init__(self, attributes: int, dim: int, alpha: float = 0.05):
        super().__init__(dim, alpha)
        self.base = nn.Parameter(torch.full((dim,), self.start))
        self.shift = nn.Parameter(torch.zeros(attributes, dim))

    @property
    def pattern(self) -> Tensor:
        """W ``[L, D]``: by how much each attribute raises each dimension's log-odds."""
        return GAIN * self.shift

    def spikes(self, y: Tensor) -> Tensor:
        """Probabilities ``[..., D]`` given attributes ``[..., L]``."""
        return (GAIN * self.base + y.to(self.shift.dtype) @ self.pattern).sigmoid().clamp(EPS, 1 - EPS)

    def forward(self, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample the label site "y" ``[B, L]`` and then "z" ``[B, D]``."""
        fn = BinaryVector(self.shift.new_zeros(len(self.shift)))
        return self.open(label("y", fn, y, whole_rows(labelled)))
