"""Which family the posterior of a site has, by the family and the support of its prior."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyro.distributions as dist
import torch
from torch import Tensor
from torch.distributions import biject_to, constraints
from torch.distributions.transforms import IndependentTransform
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

    =======================  =========================================================================
    prior                    posterior
    =======================  =========================================================================
    Categorical, Bernoulli   the same, summed out; so are up to six Bernoullis in a vector
    other vectors of them    the same, drawn, as are Poisson and Geometric
    von Mises                wrapped Cauchy; of a wrapped Cauchy the same
    Gamma, Exponential       Gamma
    any other, real          Normal
    any other, positive      log-Normal
    any other, continuous    a Normal through torch's bijection onto the support
    =======================  =========================================================================

    Args:
        site: of the prior. A spike-and-slab has a head of its own and is none of these.

    Raises:
        ValueError: if the prior is of a discrete or a periodic family other than those above, has no bijection onto
            its support, or one that hangs on what is drawn or learned.
    """
    base, events = site.base, len(site.event_shape)
    own = site.event_shape[: events - len(base.event_shape)]  # shape of the base's batch within an event

    def made(family: Callable[..., Any], **parameters: tuple[torch.Size, Map]) -> Family:
        return Family(parameters, partial(declared, family, len(own)))

    if isinstance(base, dist.Categorical | dist.OneHotCategorical):
        kind = dist.Categorical if isinstance(base, dist.Categorical) else dist.OneHotCategorical
        return made(kind, logits=(own + base.logits.shape[-1:], real))
    if isinstance(base, dist.Bernoulli) and events == 1 and own.numel() <= LISTED:
        return Family({"logits": (own, real)}, BinaryVector)
    if isinstance(base, dist.Bernoulli | dist.Geometric):
        return made(dist.Bernoulli if isinstance(base, dist.Bernoulli) else dist.Geometric, logits=(own, real))
    if isinstance(base, dist.Poisson):
        return made(dist.Poisson, rate=(own, positive))
    if isinstance(part := component(base), dist.VonMises | WrappedCauchy):
        # the angle of two numbers: no edge at which a direction would have to jump
        return made(circular, direction=(own + (2,), real), concentration=(own, probability))
    if isinstance(part, dist.SineBivariateVonMises | dist.SineSkewed | dist.VonMises3D | dist.ProjectedNormal):
        raise refused(site, "its values are directions, and a Normal on the line would have no bound")
    if isinstance(base, dist.Gamma | dist.Exponential):
        return made(dist.Gamma, concentration=(own, positive), rate=(own, positive))
    if base.support.is_discrete:
        raise refused(site, "its values are discrete")
    support = fixed(site)
    if lower(support) == 0:
        return Family(
            {"loc": (site.event_shape, real), "scale": (site.event_shape, positive)},
            partial(declared, dist.LogNormal, events),
        )
    try:
        plain = own + biject_to(support).inverse_shape(base.event_shape)
    except NotImplementedError as error:
        raise refused(site, "torch knows no bijection onto its support") from error
    return Family({"loc": (plain, real), "scale": (plain, positive)}, partial(onto, support, len(plain), events))


def declared(family: Callable[..., Any], events: int, **values: Tensor) -> Any:
    """A distribution whose last dimensions are one event."""
    fn = family(**values)
    return fn.to_event(events) if events else fn


def onto(support: Any, plain: int, events: int, loc: Tensor, scale: Tensor) -> Any:
    """A Normal through torch's bijection onto a support.

    The bijection remembers what it was given: undone anew, a value that rounding put on the edge would have any
    density, and the bound no bound.
    """
    fn = dist.Normal(loc, scale).to_event(plain)
    if isinstance(support, type(constraints.real)):
        return fn
    bijection = biject_to(support).with_cache(1)
    ahead = events - bijection.codomain.event_dim
    whole = IndependentTransform(bijection, ahead, cache_size=1) if ahead > 0 else bijection
    return dist.TransformedDistribution(fn, [whole])


def circular(direction: Tensor, concentration: Tensor) -> WrappedCauchy:
    """Angles whose mean direction is that of a vector of two numbers."""
    return WrappedCauchy(torch.atan2(direction[..., 1], direction[..., 0]), concentration)


def component(fn: Any) -> Any:
    """What a mixture mixes; another distribution as it is."""
    if isinstance(fn, torch.distributions.MixtureSameFamily):
        return component(fn.component_distribution)
    return component(fn.base_dist) if isinstance(fn, torch.distributions.Independent) else fn


def lower(support: Any) -> float | None:
    """The bound of a half-line; None for another support."""
    half = isinstance(support, type(constraints.greater_than(0)) | type(constraints.greater_than_eq(0)))
    return support.lower_bound if half else None


def plain_support(base: Any) -> Any:
    """The support of an element, declared part of no event, of a mixture that of its components."""
    support = base.support
    while hasattr(support, "base_constraint"):
        support = support.base_constraint
    return support


def fixed(site: LatentSite) -> Any:
    """The support with bounds that are numbers, the same in every row and run: no tensor that was looked at stays."""
    first, second = plain_support(site.base), plain_support(site.again)
    bounds = {name: value for name, value in vars(first).items() if name.endswith("_bound")}
    numbers = {}
    for name, value in bounds.items():
        both = (value, getattr(second, name))
        if any(isinstance(each, Tensor) and each.requires_grad for each in both):
            raise refused(site, "the bounds of its support are learned")
        values = {
            number for each in both for number in (each.unique().tolist() if isinstance(each, Tensor) else [each])
        }
        if len(values) > 1:
            raise refused(site, "the bounds of its support differ from row to row, from draw to draw or by element")
        numbers[name] = float(values.pop())
    return type(first)(**numbers) if numbers else first


def refused(site: LatentSite, why: str) -> ValueError:
    """What to say of a site that gets no head."""
    return ValueError(
        f"site '{site.name}': no head is known for a {type(site.base).__name__}: {why}.\n"
        f"Try one of:\n- sites={{'{site.name}': MyHead}}: called with the features, a module that gives the site's "
        "distribution\n- a plainer site, shifted, scaled or bent by the prior afterwards"
    )
