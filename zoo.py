"""Ready pairs under the papers' names.

Each is a function from a data set to a pair; a user's own pair is written, and named on the command line, in the same
way. Weights are drawn when the pair is built: call ``torch.manual_seed`` before, for a repeatable start (the command
line does).
"""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import pyro
import torch
from torch import nn

from .data import recorded
from .guides import Guide, NormalPosterior, SpikeAndSlabPosterior
from .inference import ELBO, ClassConsistency, Factor, Pair
from .models import Bernoulli, Laplace, LatentModel, Likelihood, Normal, NormalPrior, SpikeAndSlabPrior
from .networks import ConvDecoder, ConvEncoder, MLPDecoder, MLPEncoder
from .schedules import Schedule

__all__ = ["beta_vae", "compose", "vae", "vsc"]

Shape = tuple[int, ...]
Network = Literal["mlp", "conv"]
LikelihoodName = Literal["bernoulli", "normal", "normal-per-pixel", "laplace"]


class Shaped(Protocol):
    """What a pair needs to know of a data set."""

    @property
    def shape(self) -> Shape:
        """(C, H, W)."""
        ...

    @property
    def n_data(self) -> int:
        """Rows in the training split."""
        ...


@recorded
def vae(
    data: Shaped,
    *,
    dim: int = 50,
    network: Network = "mlp",
    hidden: Sequence[int] = (400,),
    likelihood: LikelihoodName = "bernoulli",
) -> Pair:
    """The variational autoencoder: a standard Normal prior and a diagonal Normal posterior.

    Args:
        data: the data set; its image shape and its number of training rows are used.
        dim: latent dimensions D.
        network: "mlp" (any image size) or "conv" (28, 32 or 64 pixels).
        hidden: widths of the hidden layers of an "mlp", from the image inwards; the decoder mirrors them.
        likelihood: "bernoulli" for pixels in [0, 1]; "normal" with one learned scale, "normal-per-pixel", or "laplace"
            with scale 1.

    References:
        Kingma, Welling, Auto-Encoding Variational Bayes (arXiv 1312.6114).

    Example:
        >>> from pellucid import data
        >>> vae(data.digits(), dim=8).objective.kl_weight
        tensor(1.)
    """
    encoder, decoder = networks(network, data.shape, dim, hidden)
    model = LatentModel(NormalPrior(dim), decoder, named_likelihood(likelihood, data.shape), data.n_data)
    return Pair(model, Guide(NormalPosterior(encoder, dim), data.n_data))


@recorded
def beta_vae(
    data: Shaped,
    *,
    beta: float | Schedule = 4.0,
    dim: int = 50,
    network: Network = "mlp",
    hidden: Sequence[int] = (400,),
    likelihood: LikelihoodName = "bernoulli",
) -> Pair:
    """:func:`vae` with the KL weighted by beta in the objective; reported bounds have weight 1.

    Args:
        data: the data set.
        beta: weight of the KL, or a schedule of it.
        dim: latent dimensions D.
        network: "mlp" or "conv".
        hidden: widths of an "mlp".
        likelihood: as in :func:`vae`.

    References:
        Higgins et al., beta-VAE (ICLR 2017), eq. 4.

    Example:
        >>> from pellucid import data
        >>> beta_vae(data.digits(), beta=6.0).objective.kl_weight
        tensor(6.)
    """
    pair = vae(data, dim=dim, network=network, hidden=hidden, likelihood=likelihood)
    pair.objective = ELBO(kl_weight=beta)
    return pair


@recorded
def vsc(
    data: Shaped,
    *,
    dim: int = 60,
    alpha: float = 0.05,
    consistency: float | Schedule = 0.0,
    sharpness: float | Schedule | None = None,
    slab: float | Schedule = 1.0,
    relaxed: bool = True,
    network: Network = "mlp",
    hidden: Sequence[int] = (400,),
    likelihood: LikelihoodName = "bernoulli",
) -> Pair:
    """Variational sparse coding, class-consistent when ``consistency`` is positive.

    Args:
        data: the data set; with labels, for the class-consistent form.
        dim: latent dimensions D.
        alpha: prior probability that a dimension is on.
        consistency: lambda, the weight of :class:`~pellucid.inference.ClassConsistency`, or a schedule of it. 0 is
            plain sparse coding.
        sharpness: c of the relaxed gates; from 50 to 200 over training if omitted.
        slab: weight of the slab's warm-up; 1 is none.
        relaxed: False trains on hard draws by the score function.
        network: "mlp" or "conv".
        hidden: widths of an "mlp".
        likelihood: as in :func:`vae`.

    References:
        Tonolini, Jensen, Murray-Smith (UAI 2019); Sangari Abiz, Hosseini, Araabi (arXiv 2505.14476).

    Example:
        >>> from pellucid import data
        >>> from pellucid.schedules import Ramp
        >>> pair = vsc(data.digits(), dim=8, consistency=Ramp(0, 3, end=0.3))
        >>> [factor.name for factor in pair.factors]
        ['consistency']
    """
    encoder, decoder = networks(network, data.shape, dim, hidden)
    model = LatentModel(SpikeAndSlabPrior(dim, alpha), decoder, named_likelihood(likelihood, data.shape), data.n_data)
    posterior = SpikeAndSlabPosterior(encoder, dim, sharpness=sharpness, slab=slab, relaxed=relaxed)
    on = isinstance(consistency, Schedule) or consistency != 0
    return Pair(model, Guide(posterior, data.n_data), [ClassConsistency(consistency)] if on else [])


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
        >>> pair = compose(
        ...     data.digits(), prior=NormalPrior(4), posterior=lambda shape: NormalPosterior(MLPEncoder(shape), 4)
        ... )
        >>> pair.model.decoder is not None
        True
    """
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        shared = (prior.shared(),) if hasattr(prior, "shared") else ()  # pyright: ignore[reportCallIssue]
        with pyro.plate("data", 1):
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
    model = LatentModel(prior, (decoder or MLPDecoder)(z.shape[-1], data.shape), likelihood or Bernoulli(), data.n_data)
    return Pair(model, Guide(program, data.n_data), factors, ELBO(kl_weight))


def networks(kind: Network, shape: Shape, dim: int, hidden: Sequence[int]) -> tuple[nn.Module, nn.Module]:
    """Encoder and decoder of one kind."""
    if kind == "conv":
        return ConvEncoder(shape), ConvDecoder(dim, shape)
    if kind == "mlp":
        return MLPEncoder(shape, tuple(hidden)), MLPDecoder(dim, shape, tuple(reversed(hidden)))
    raise ValueError(f"network: expected 'mlp' or 'conv'; given {kind!r}.")


def named_likelihood(name: LikelihoodName, shape: Shape) -> Likelihood:
    """The likelihood of that name."""
    makers: dict[str, Callable[[], Likelihood]] = {
        "bernoulli": Bernoulli,
        "normal": Normal,
        "normal-per-pixel": lambda: Normal(shape),
        "laplace": lambda: Laplace(learn=False),
    }
    if name not in makers:
        raise ValueError(
            f"likelihood: expected one of {', '.join(makers)}; given {name!r}. Try zoo.compose for one of your own."
        )
    return makers[name]()
