"""Which family the posterior of a site has, by the family and the support of its prior."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyro.distributions as dist
import torch
from torch import Tensor
from torch.distributions import biject_to, constraints
from torch.nn.functional import softplus

from ...distributions import EPS, BinaryVector, WrappedCauchy
from .sites import LatentSite

__all__ = ["Family", "family_of"]

LISTED = 6
"""Binary vectors up to this length are summed out, all 64 joint values; longer ones are drawn."""

Map = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Family:
    """A family of distributions and what a network has to give for it.

    Attributes:
        parameters: name -> shape of a row's parameter, and the map from real numbers to where it may lie.
        make: the distribution, from the parameters: batch first, the site's event last.
    """

    parameters: Mapping[str, tuple[torch.Size, Map]]
    make: Callable[..., dist.TorchDistribution]


def positive(raw: Tensor) -> Tensor:
    """Real numbers to positive ones."""
    return softplus(raw) + EPS


def real(raw: Tensor) -> Tensor:
    """Real numbers as they are."""
    return raw


def probability(raw: Tensor) -> Tensor:
    """Real numbers to between 0 and 1, a little inside."""
    return raw.sigmoid().clamp(EPS, 1 - EPS)


def family_of(site: LatentSite) -> Family:
    """The family of a site's posterior.

    ======================  ==========================================================================
    prior                   posterior
    ======================  ==========================================================================
    Categorical, Bernoulli  the same, summed out; so are up to six Bernoullis in a vector, others drawn
    Poisson, Geometric      the same, drawn
    von Mises               wrapped Cauchy
    Gamma, Exponential      Gamma
    any other, real         Normal
    any other, positive     log-Normal
    any other, continuous   a Normal through torch's bijection onto the support
    ======================  ==========================================================================

    Args:
        site: of the prior. A spike-and-slab has a head of its own and is none of these.

    Raises:
        ValueError: if the support is discrete and of no family above, or its bounds differ from row to row.
    """
    base: Any = site.fn
    while isinstance(base, torch.distributions.Independent):
        base = base.base_dist
    events = len(site.event_shape)
    own = site.event_shape[: events - len(base.event_shape)]  # shape of the base's batch within an event

    def made(family: Callable[..., Any], **parameters: tuple[torch.Size, Map]) -> Family:
        def make(**values: Tensor) -> Any:
            fn = family(**values)
            return fn.to_event(len(own)) if len(own) else fn

        return Family(parameters, make)

    if isinstance(base, dist.Categorical | dist.OneHotCategorical):
        kind = dist.Categorical if isinstance(base, dist.Categorical) else dist.OneHotCategorical
        return made(kind, logits=(own + base.logits.shape[-1:], real))
    if isinstance(base, dist.Bernoulli) and events == 1 and own.numel() <= LISTED:
        return Family({"logits": (own, real)}, BinaryVector)
    if isinstance(base, dist.Bernoulli | dist.Geometric):
        return made(dist.Bernoulli if isinstance(base, dist.Bernoulli) else dist.Geometric, logits=(own, real))
    if isinstance(base, dist.Poisson):
        return made(dist.Poisson, rate=(own, positive))
    if isinstance(base, dist.VonMises):
        # the angle of two numbers: no edge at which a direction would have to jump
        return made(circular, direction=(own + (2,), real), concentration=(own, probability))
    if isinstance(base, dist.Gamma | dist.Exponential):
        return made(dist.Gamma, concentration=(own, positive), rate=(own, positive))
    if base.support.is_discrete:
        raise ValueError(
            f"site '{site.name}': no head is known for a {type(base).__name__}, whose values are discrete.\n"
            f"Try one of:\n- sites={{'{site.name}': MyHead}}: called with the features, a module that gives the site's "
            "distribution\n- a Categorical of as many values"
        )
    support = fixed(base.support, site)
    if lower(support) == 0:
        return made(dist.LogNormal, loc=(own, real), scale=(own, positive))
    transform = biject_to(support)
    plain = own + transform.inverse_shape(base.event_shape)

    def onto(loc: Tensor, scale: Tensor) -> Any:
        fn = dist.Normal(loc, scale).to_event(len(plain))
        return fn if support in (constraints.real, constraints.real_vector) else moved(fn, transform)

    def moved(fn: Any, bijection: Any) -> Any:
        ahead = events - max(bijection.codomain.event_dim, 0)
        whole = bijection if ahead <= 0 else torch.distributions.transforms.IndependentTransform(bijection, ahead)
        return dist.TransformedDistribution(fn, [whole])

    return Family({"loc": (plain, real), "scale": (plain, positive)}, onto)


def circular(direction: Tensor, concentration: Tensor) -> WrappedCauchy:
    """Angles whose mean direction is that of a vector of two numbers."""
    return WrappedCauchy(torch.atan2(direction[..., 1], direction[..., 0]), concentration)


def lower(support: Any) -> float | None:
    """The bound of a half-line; None for another support."""
    half = isinstance(support, type(constraints.greater_than(0)) | type(constraints.greater_than_eq(0)))
    return support.lower_bound if half else None


def fixed(support: Any, site: LatentSite) -> Any:
    """The support with bounds that are numbers, one for all rows: no tensor of the run that was looked at stays."""
    if isinstance(support, constraints.independent):
        support = support.base_constraint
    bounds = {name: value for name, value in vars(support).items() if name.endswith("_bound")}
    if not bounds:
        return support
    numbers = {}
    for name, value in bounds.items():
        values = value.unique() if isinstance(value, Tensor) else [value]
        if len(values) > 1:
            raise ValueError(
                f"site '{site.name}': the bounds of its support differ from row to row or from element to element.\n"
                "Try one of:\n- one interval for all, shifted and scaled afterwards in the prior\n"
                f"- sites={{'{site.name}': MyHead}}: called with the features, a module that gives the distribution"
            )
        numbers[name] = float(values[0])
    return type(support)(**numbers)
