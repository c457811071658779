"""The guide that makes itself."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, cast

import pyro
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ...distributions import Labels
from ...program import Program
from ..characteristic import Features
from ..classify import classify, enumerated
from ..guide import Guide
from .head import head_of
from .sites import LatentSite, find_sites

__all__ = ["AmortisedGuide", "AmortisedPosterior"]

Heads = Mapping[str, Callable[[nn.Module], nn.Module]]
Given = Mapping[str, Sequence[str]]


class AmortisedGuide(Guide):
    r"""A guide for any prior: traced once, every latent site gets a head by the support of its prior.

    .. math:: q(s_1, \dots, s_m | x) = \prod_i q_i\big(s_i \mid h(x), s_{\text{given}(i)}\big)

    Real sites have a Normal posterior, positive ones a log-Normal (a Gamma beside a Gamma prior), angles with a von
    Mises prior a wrapped Cauchy, spike-and-slabs a relaxed one, other continuous sites a Normal through torch's
    bijection onto their support; Categorical and Bernoulli sites are summed out. Label sites, those the prior samples
    with :func:`pellucid.models.label`, are clamped where labels are known, row by row or label by label. A latent of
    the whole data set, from the prior's ``shared()``, has free parameters in place of a head.

    Sites are independent given the image. ``given`` lets one see the values of others that the prior samples before
    it: a tighter bound where the true posterior hangs together, and one decoding for each class where the other is a
    label that is summed out.

    Args:
        model: the :class:`~pellucid.models.LatentModel` whose prior is traced.
        encoder: maps ``[B, C, H, W]`` to features ``[B, F]``; has the attribute ``out_features`` F.
        sites: site -> a head of your own. It is called with a stand-in for the encoder that hands features on (it has
            ``out_features``) and gives a module: one of the posteriors here (``SpikeAndSlabPosterior(features, 8)``),
            or any that maps features ``[..., B, F]`` to the site's distribution (a ``PyroModule``, for runs in mixed
            precision).
        given: site -> the sites whose values its head sees, as in ``{"z": ["y"]}``.

    Raises:
        ValueError: if the prior does not run without labels; no head is known for a site; or ``sites`` or ``given``
            name what is not there, or comes later.

    Example:
        >>> import pyro.distributions as dist
        >>> from pellucid.models import Bernoulli, LatentModel, label
        >>> from pellucid.networks import MLPDecoder, MLPEncoder
        >>> class Clock(Program):
        ...     '''A point on a circle, by the hour of its class.'''
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.register_buffer("odds", torch.ones(12))
        ...     def forward(self, y=None, labelled=None):
        ...         y = label("y", dist.Categorical(self.odds), y, labelled)
        ...         turn = pyro.sample("turn", dist.VonMises(y * torch.pi / 6 - torch.pi, 8.0))
        ...         return torch.stack([turn.cos(), turn.sin()], -1)
        >>> model = LatentModel(Clock(), MLPDecoder(2, (1, 8, 8)), Bernoulli(), n_data=100)
        >>> guide = AmortisedGuide(model, MLPEncoder((1, 8, 8)))
        >>> {name: draw.shape for name, draw in guide(torch.rand(5, 1, 8, 8)).items()}
        {'y': torch.Size([5]), 'turn': torch.Size([5])}
    """

    def __init__(self, model: nn.Module, encoder: nn.Module, *, sites: Heads | None = None, given: Given | None = None):
        posterior = AmortisedPosterior(encoder, find_sites(model), sites or {}, given or {})
        super().__init__(posterior, cast(Any, model).n_data)


class AmortisedPosterior(Program):
    """The posterior program of :class:`AmortisedGuide`, inside the plate of the rows.

    Args:
        encoder: maps images to features; has the attribute ``out_features``.
        sites: the latent sites, in the prior's order.
        own: site -> a head of the user's.
        given: site -> the sites that its head sees.

    Example:
        >>> from pellucid import data, zoo
        >>> from pellucid.networks import MLPEncoder
        >>> sites = find_sites(zoo.vae(data.digits(), dim=4).model)
        >>> with pyro.plate("data", 3):
        ...     AmortisedPosterior(MLPEncoder((1, 8, 8)), sites, {}, {})(torch.rand(3, 1, 8, 8))["z"].shape
        torch.Size([3, 4])
    """

    def __init__(self, encoder: nn.Module, sites: Sequence[LatentSite], own: Heads, given: Given):
        super().__init__()
        check(sites, own, given)
        self.encoder = encoder
        self.given = {
            site.name: [each.name for each in sites if each.name in given.get(site.name, ())] for site in sites
        }
        features = cast(int, encoder.out_features)

        def head(site: LatentSite) -> nn.Module:
            width = features + sum(size(each) for each in sites if each.name in self.given[site.name])
            return own[site.name](Features(width)) if site.name in own else head_of(site, width)

        by_row, whole = ([site for site in sites if site.shared == shared] for shared in (False, True))
        self.heads, self.free = (nn.ModuleList(map(head, each)) for each in (by_row, whole))
        self.sites = {site.name: replace(site, base=None, again=None) for site in (*by_row, *whole)}

    def shared(self) -> dict[str, Tensor]:
        """Sample the latents of the whole data set, outside the plate."""
        whole = [site for site in self.sites.values() if site.shared]
        return {site.name: self.sample(site, head, None) for site, head in zip(whole, self.free, strict=True)}

    def forward(
        self, x: Tensor, y: Labels = None, labelled: Labels = None, shared: dict[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Sample the latents of the rows; site -> value, those of the whole data set included."""
        h, values = self.encoder(x), dict(shared or {})
        rows = [site for site in self.sites.values() if not site.shared]
        for site, head in zip(rows, self.heads, strict=True):
            seen = [vector(self.sites[name], values[name]).to(h) for name in self.given[site.name]]
            batch = torch.broadcast_shapes(*(part.shape[:-1] for part in (h, *seen)))
            features = torch.cat([part.expand(*batch, -1) for part in (h, *seen)], -1) if seen else h
            values[site.name] = self.sample(site, head, features, y, labelled)
        return values

    def sample(
        self, site: LatentSite, head: Any, features: Tensor | None, y: Labels = None, labelled: Labels = None
    ) -> Tensor:
        """Sample one site, inside its own plates."""
        with ExitStack() as plates:
            for name, length, dim in site.plates:
                plates.enter_context(pyro.plate(name, length, dim=dim))
            q = head.encode(features) if hasattr(head, "encode") else head(features)
            if site.label:
                return classify(site.name, q, y, labelled)
            return pyro.sample(site.name, q, infer=enumerated(q))


def size(site: LatentSite) -> int:
    """How many numbers say the value of a site."""
    return site.classes or max(1, site.event_shape.numel())


def vector(site: LatentSite, value: Tensor) -> Tensor:
    """The value as a vector, ``[..., B, size]``: a class one-hot."""
    if site.classes is not None:
        return one_hot(value.long(), site.classes)
    return value.reshape(*value.shape[: value.dim() - len(site.event_shape)], -1)


def check(sites: Sequence[LatentSite], own: Heads, given: Given) -> None:
    """Raise a ValueError if overrides name what is not there, or comes later."""
    place = {site.name: i for i, site in enumerate(sites)}
    if words := [name for name, others in given.items() if isinstance(others, str)]:
        name = words[0]
        raise ValueError(
            f"given: expected a list of sites for '{name}'; given the word {given[name]!r}.\n"
            f"Try one of:\n- given={{'{name}': ['{given[name]}']}}"
        )
    for argument, names in (
        ("sites", [*own]),
        ("given", [*given, *(each for many in given.values() for each in many)]),
    ):
        if unknown := [name for name in names if name not in place]:
            raise ValueError(
                f"{argument}: the prior has no latent site '{unknown[0]}'; it has {', '.join(map(repr, place))}.\n"
                "Try one of:\n- a name as the prior's pyro.sample has it"
            )
    for name, others in given.items():
        for other in others:
            if place[other] >= place[name]:
                raise ValueError(
                    f"given: '{name}' is to see '{other}', which the prior samples later.\n"
                    f"Try one of:\n- given={{'{other}': ['{name}']}}\n- the other order in the prior"
                )
            if any(site.plates or site.shared for site in (sites[place[name]], sites[place[other]])):
                raise ValueError(
                    f"given: '{name}' is to see '{other}', and one of them is no vector of a row: it lies in another "
                    "plate, or outside the plate 'data'.\nTry one of:\n- sites of rows alone\n- .to_event(1) in place "
                    "of the inner plate"
                )
