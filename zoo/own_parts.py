"""A pair from a user's own parts."""

from collections.abc import Callable, Sequence

import pyro
import torch
from torch import nn

from ..data import recorded
from ..guides import Guide
from ..inference import ELBO, Factor, Pair
from ..inference.owned import owned_parameters
from ..models import Bernoulli, LatentModel, Likelihood
from ..networks import MLPDecoder
from ..schedules import Schedule
from .parts import Shape, Shaped

__all__ = ["compose"]


@recorded
def compose(
    data: Shaped,
    *,
    prior: nn.Module,
    posterior: Callable[[Shape], nn.Module],
    decoder: Callable[[int, Shape], nn.Module] | None = None,
    likelihood: Likelihood | None = None,
    factors: Sequence[Factor] = (),
    kl_weight: float | Schedule = 1.0,
) -> Pair:
    """A pair from parts: the way to bring a prior of one's own to the command line and to YAML.

    Args:
        data: the data set.
        prior: a prior, as :class:`~pellucid.models.LatentModel` takes it.
        posterior: called with the image shape, gives the posterior program, as :class:`~pellucid.guides.Guide` takes
            it.
        decoder: called with the latent dimension and the image shape; :class:`~pellucid.networks.MLPDecoder` if
            omitted.
        likelihood: :class:`~pellucid.models.Bernoulli` if omitted.
        factors: loss factors.
        kl_weight: weight of the KL, or a schedule of it.

    Raises:
        ValueError: if the prior returns no tensor, or the posterior cannot be called with an image shape.

    Example:
        >>> from pellucid import data
        >>> from pellucid.guides import NormalPosterior
        >>> from pellucid.models import NormalPrior
        >>> from pellucid.networks import MLPEncoder
        >>> pair = compose(
        ...     data.digits(), prior=NormalPrior(4), posterior=lambda shape: NormalPosterior(MLPEncoder(shape), 4)
        ... )
        >>> pair.model.decoder is not None
        True
    """
    # Owned before it is tried: Pyro lets no program become part of another once it has run.
    model = LatentModel(prior, nn.Identity(), likelihood or Bernoulli(), data.n_data)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        shared = (prior.shared(),) if hasattr(prior, "shared") else ()  # pyright: ignore[reportCallIssue]
        with owned_parameters(prior), pyro.plate("data", 1):
            z = prior(None, None, *shared)
    if not isinstance(z, torch.Tensor):
        raise ValueError(
            f"prior: expected forward(y, labelled) to return the latent z [B, D]; {type(prior).__name__} returns "
            f'{type(z).__name__}.\nTry one of:\n- return pyro.sample("z", ...) as its last line'
        )
    try:
        program = posterior(data.shape)
    except TypeError as error:
        raise ValueError(
            f"posterior: expected to give a posterior program when called with the image shape {data.shape}; {error}.\n"
            "Try one of:\n- a class whose constructor takes shape first\n- lambda shape: MyPosterior(MLPEncoder(shape))"
        ) from error
    model.decoder = (decoder or MLPDecoder)(z.shape[-1], data.shape)
    return Pair(model, Guide(program, data.n_data), factors, ELBO(kl_weight))
