"""A pair from a user's own parts."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from ..data import recorded
from ..guides import AmortisedGuide, Guide
from ..guides.amortised import find_sites, nesting
from ..inference import ELBO, Factor, Pair
from ..inference.owned import owned_parameters
from ..mode import evaluation_mode
from ..models import Bernoulli, LatentModel, Likelihood
from ..networks import MLPDecoder, MLPEncoder
from ..schedules import Schedule
from .parts import Shape, Shaped

__all__ = ["compose"]


@recorded
def compose(
    data: Shaped,
    *,
    prior: nn.Module,
    posterior: Callable[[Shape], nn.Module] | None = None,
    encoder: Callable[[Shape], nn.Module] | None = None,
    sites: Mapping[str, Callable[[nn.Module], nn.Module]] | None = None,
    given: Mapping[str, list[str]] | None = None,
    decoder: Callable[[int, Shape], nn.Module] | None = None,
    likelihood: Likelihood | None = None,
    factors: Sequence[Factor] = (),
    kl_weight: float | Schedule = 1.0,
) -> Pair:
    """A pair from parts: the way to bring a prior of one's own to the command line and to YAML.

    A prior alone is enough: its posterior is then an :class:`~pellucid.guides.AmortisedGuide`, with a head for every
    latent site.

    Args:
        data: the data set.
        prior: a prior, as :class:`~pellucid.models.LatentModel` takes it.
        posterior: called with the image shape, gives the posterior program, as :class:`~pellucid.guides.Guide` takes
            it; an amortised guide if omitted.
        encoder: of the amortised guide: called with the image shape, gives an encoder with the attribute
            ``out_features``; :class:`~pellucid.networks.MLPEncoder` if omitted.
        sites: of the amortised guide: site -> a head of your own.
        given: of the amortised guide: site -> the sites whose values its head sees.
        decoder: called with the latent dimension and the image shape; :class:`~pellucid.networks.MLPDecoder` if
            omitted.
        likelihood: :class:`~pellucid.models.Bernoulli` if omitted.
        factors: loss factors.
        kl_weight: weight of the KL, or a schedule of it.

    Raises:
        ValueError: if the prior returns no tensor, the posterior cannot be called with an image shape, arguments of the
            amortised guide stand beside a posterior, or that guide knows no head for a site.

    Example:
        >>> from pellucid import data
        >>> from pellucid.models import NormalPrior
        >>> pair = compose(data.digits(), prior=NormalPrior(4))
        >>> pair.guide(torch.rand(3, 1, 8, 8))["z"].shape
        torch.Size([3, 4])
    """
    if posterior is not None and (encoder or sites or given):
        name = "encoder" if encoder else "sites" if sites else "given"
        raise ValueError(
            f"{name}: belongs to the guide that is made when no posterior is given.\nTry one of:\n"
            "- posterior=None\n- the same within the posterior program"
        )
    # Owned before it is tried: Pyro lets no program become part of another once it has run.
    model = LatentModel(prior, nn.Identity(), likelihood or Bernoulli(), data.n_data)
    found = find_sites(model) if posterior is None else ()
    with torch.no_grad(), torch.random.fork_rng(devices=[]), evaluation_mode(prior), owned_parameters(prior):  # noqa: SIM117
        with model.code(rows=2) as z:
            pass
    if not isinstance(z, torch.Tensor):
        raise ValueError(
            f"prior: expected forward(y, labelled) to return the latent z [B, D]; {type(prior).__name__} returns "
            f'{type(z).__name__}.\nTry one of:\n- return pyro.sample("z", ...) as its last line'
        )
    model.decoder = (decoder or MLPDecoder)(z.shape[-1], data.shape)
    if posterior is None:
        guide = AmortisedGuide(model, (encoder or MLPEncoder)(data.shape), sites=sites, given=given)
        return Pair(model, guide, factors, ELBO(kl_weight, max_plate_nesting=nesting(found)))
    try:
        program = posterior(data.shape)
    except TypeError as error:
        raise ValueError(
            f"posterior: expected to give a posterior program when called with the image shape {data.shape}; {error}.\n"
            "Try one of:\n- a class whose constructor takes shape first\n- lambda shape: MyPosterior(MLPEncoder(shape))"
        ) from error
    return Pair(model, Guide(program, data.n_data), factors, ELBO(kl_weight))
