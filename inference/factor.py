"""Loss factors: terms of the loss that are no part of the model, by name and with a weight."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, cast

import pyro
from pyro import poutine
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor, nn

from ..data import Batch
from ..distributions import Labels
from ..program import Program
from ..schedules import Schedule, ends, scheduled
from .joint_statistics import joint_statistics
from .objective import random_sites, sanitise
from .posterior_at import posterior_at

__all__ = ["Factor", "FactoredGuide", "without_factors"]


class Factor(nn.Module):
    """A loss term: ``weight * forward(...)``, in nats per row, minimised with the negative bound.

    Write one by subclassing: ``forward`` sees the posteriors that the guide has just sampled from, and the labels. Make
    it a function of their parameters: the gradient through a draw that is not reparameterised would be lost.

    On several processes each sees its own rows, and gradients are averaged: right as it is for a mean over rows. One
    that relates rows to each other takes its inputs through :func:`~pellucid.inference.across` while ``self.training``,
    as :class:`~pellucid.inference.ClassConsistency` does, or it is trained on pairs within a process only.

    Args:
        name: its name in traces, metrics and reports.
        weight: its weight; a :class:`~pellucid.schedules.Schedule` warms it up.

    Raises:
        ValueError: if the weight is, or becomes, negative.

    Example:
        >>> class Energy(Factor):
        ...     '''Mean squared posterior mean: keeps codes small.'''
        ...     def forward(self, posterior, y, labelled):
        ...         return posterior["z"].mean.square().sum(-1).mean()
        >>> Energy("energy", weight=0.1).weight
        tensor(0.1000)
    """

    weight: Tensor

    def __init__(self, name: str, weight: float | Schedule = 1.0):
        super().__init__()
        if not min(ends(weight)) >= 0:
            raise ValueError(
                f"weight: factor '{name}' is minimised, so its weight is at least 0; given {weight}. Try 0 to "
                "switch it off."
            )
        self.name = name
        scheduled(self, "weight", weight)

    @abstractmethod
    def forward(self, posterior: Mapping[str, TorchDistribution], y: Labels, labelled: Labels) -> Tensor:
        """The unweighted value, 0-d, in nats per row.

        Args:
            posterior: latent site -> its distribution in the guide, as sampled: batch ``[B]``, or ``[K, B]`` below an
                enumerated label.
            y: the batch's labels, 0 where not labelled.
            labelled: boolean mask, or None.
        """

    def own_rows(self, guide: nn.Module, x: Tensor, y: Labels, labelled: Labels) -> Batch | None:
        """Images of the factor's own making, with what is to be said of them; None, as here, for the batch itself.

        With some, ``forward`` is given the posteriors at these images, the label withheld, and their ``y`` and
        ``labelled``, whatever they hold. They are read in one pass with the batch, so that batch normalisation has the
        statistics of both.

        Args:
            guide: the guide, to ask it things; a gradient is to go through ``forward`` alone.
            x: ``[B, C, H, W]``.
            y: the batch's labels, 0 where not labelled.
            labelled: boolean mask, or None.
        """

    def attach(self, guide: nn.Module) -> None:
        """Called once, with the guide that the factor will follow: the place for copies of its weights."""


class FactoredGuide(Program):
    """A guide followed by loss factors, as sites that every Pyro objective sees.

    The guide runs, then each factor adds ``pyro.factor(name, +n_data * weight * value)``: a guide's log-probability
    enters the loss with a plus. The site stands outside the data plate, so stock ELBOs, whose loss sums over the data
    set, weigh it as ours does.

    Args:
        guide: any guide.
        factors: the factors.
        n_data: size of the data plate.

    Example:
        >>> from pellucid import data, zoo
        >>> guide = zoo.vsc(data.digits(), dim=4, consistency=3.0).guide
        >>> x, y = torch.rand(6, 1, 8, 8), torch.tensor([0, 0, 1, 1, 2, 2])
        >>> list(poutine.trace(guide).get_trace(x, y).nodes)[-2]
        'consistency'
    """

    def __init__(self, guide: nn.Module, factors: Iterable[Factor], n_data: int):
        super().__init__()
        self.guide, self.factors, self.n_data = guide, nn.ModuleList(factors), n_data
        for factor in cast(Iterable[Factor], self.factors):
            factor.attach(guide)

    @property
    def posterior(self) -> Any:
        """The guide's posterior program, if it has one."""
        return getattr(self.guide, "posterior", None)

    def forward(self, x: Tensor, y: Labels = None, labelled: Labels = None) -> Any:
        """Run the guide, then its factors."""
        factors, clean = list(cast(Iterable[Factor], self.factors)), sanitise(y, labelled)
        shown = [factor.own_rows(self.guide, x, clean, labelled) for factor in factors]
        with joint_statistics(self.guide, x, [rows.x for rows in shown if rows is not None]):
            with poutine.trace() as seen:
                result = self.guide(x, y, labelled)
            posterior = {name: site["fn"] for name, site in random_sites(seen.trace)}
            n_data = max(self.n_data, x.shape[0])  # as the plate has it
            for factor, rows in zip(factors, shown, strict=True):
                given = (posterior, clean, labelled) if rows is None else (posterior_at(self.guide, rows.x), *rows[1:])
                pyro.factor(factor.name, n_data * factor.weight * factor(*given), has_rsample=True)
        return result


def without_factors(guide: nn.Module) -> Any:
    """The guide that loss factors follow, or the guide itself where none do.

    Example:
        >>> plain = Program()
        >>> without_factors(FactoredGuide(plain, [], 10)) is without_factors(plain) is plain
        True
    """
    return guide.guide if isinstance(guide, FactoredGuide) else guide
