"""A model, its guide, the loss factors and the objective: what the zoo returns and ``fit`` takes."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyro
import torch
from pyro.nn import PyroModule
from torch import Tensor, nn

from ..distributions import Labels
from .factor import Factor, FactoredGuide
from .objective import ELBO, Terms

__all__ = ["Pair"]


class Pair(nn.Module):
    """Two programs that belong together, ready for ``fit`` and for stock Pyro.

    With stock Pyro: ``loss = Trace_ELBO()(pair.model, pair.guide)``, a torch optimiser over ``loss.parameters()``,
    ``loss(x, y, labelled)``; factors are sites of the guide and are seen there too. (``SVI.step`` with Pyro's own
    optimisers needs the global parameter store and is not supported.)

    Args:
        model: the generative program, e.g. a :class:`~pellucid.models.LatentModel`; has the attribute ``n_data``.
        guide: the posterior program, called as the model is.
        factors: loss factors, run after the guide.
        objective: the bound; :class:`ELBO` with weight 1 if omitted.

    Attributes:
        recipe: how to build the pair again, as ``{"class_path", "init_args"}``; None if it was put together by hand.

    Raises:
        RuntimeError: if Pyro's ``module_local_params`` is off.
        ValueError: if two factors share a name, or one takes that of a figure of the loss.

    Example:
        >>> from pellucid import zoo, data
        >>> pair = zoo.vsc(data.digits(), dim=8, consistency=3.0)
        >>> [factor.name for factor in pair.factors]
        ['consistency']
    """

    recipe: Mapping[str, Any] | None = None

    def __init__(self, model: Any, guide: nn.Module, factors: Iterable[Factor] = (), objective: ELBO | None = None):
        super().__init__()
        if not pyro.settings.get("module_local_params"):
            raise RuntimeError(
                "pellucid: Pyro's setting module_local_params is off, so modules of the same name would "
                "share parameters in silence.\n"
                "Try one of:\n- pyro.settings.set(module_local_params=True) before the modules are built\n"
                "- import pellucid, which sets it, first"
            )
        factors = list(factors)
        names = [factor.name for factor in factors]
        if len({"loss", "bound", *names}) < 2 + len(names):
            raise ValueError(
                f"factors: each needs a name of its own, other than 'loss' and 'bound'; given {names}.\n"
                "Try one of:\n- name=... in the constructor of one of them"
            )
        self.model = model
        self.guide = FactoredGuide(guide, factors, model.n_data) if factors else guide
        self.objective = objective or ELBO()
        for program in (model, guide):
            if not isinstance(program, PyroModule):
                raise ValueError(
                    f"pair: model and guide must be pyro.nn.PyroModule; given {type(program).__name__}. Try "
                    "deriving it from PyroModule."
                )

    @property
    def factors(self) -> list[Factor]:
        """The loss factors."""
        return list(self.guide.factors) if isinstance(self.guide, FactoredGuide) else []  # pyright: ignore[reportReturnType]

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.parameters()).device

    def forward(self, x: Tensor, y: Labels = None, labelled: Labels = None) -> Terms:
        """The objective's terms for a batch, in nats per row."""
        return self.objective.terms(self.model, self.guide, x, y, labelled)
