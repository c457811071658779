"""Pairs with a dense Normal code."""

from collections.abc import Sequence

from ..data import recorded
from ..guides import Guide, NormalPosterior
from ..inference import ELBO, Pair
from ..models import LatentModel, NormalPrior
from ..schedules import Schedule
from .parts import LikelihoodName, Network, Shaped, named_likelihood, networks

__all__ = ["beta_vae", "vae"]


@recorded
def vae(
    data: Shaped,
    *,
    dim: int = 50,
    network: Network = "mlp",
    hidden: Sequence[int] = (400,),
    channels: Sequence[int] | None = None,
    likelihood: LikelihoodName = "bernoulli",
) -> Pair:
    """The variational autoencoder: a standard Normal prior and a diagonal Normal posterior.

    Args:
        data: the data set; its image shape and its number of training rows are used.
        dim: latent dimensions D.
        network: "mlp" (rows of any shape), "conv" (images of 28, 32 or 64 pixels) or "recurrent" (sequences: the
            first axis of a row is time).
        hidden: widths of the hidden layers of an "mlp", from the image inwards; the decoder mirrors them. The last is
            the size of the state of a "recurrent" network.
        channels: of the convolutions of a "conv", from the image inwards; by default those of
            :class:`~pellucid.networks.ConvEncoder`.
        likelihood: "bernoulli" for pixels in [0, 1]; "normal" with one learned scale, "normal-per-pixel", or "laplace"
            with scale 1, all with means in [0, 1]; "normal-real" for rows of any real numbers, with one learned scale.

    References:
        Kingma, Welling, Auto-Encoding Variational Bayes (arXiv 1312.6114).

    Example:
        >>> from pellucid import data
        >>> vae(data.digits(), dim=8).objective.kl_weight
        tensor(1.)
    """
    encoder, decoder = networks(network, data.shape, dim, hidden, channels)
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
    channels: Sequence[int] | None = None,
    likelihood: LikelihoodName = "bernoulli",
) -> Pair:
    """:func:`vae` with the KL weighted by beta in the objective; reported bounds have weight 1.

    On images of 28 pixels ``beta_vae(data, beta=6.0, dim=128, network="conv", likelihood="normal")`` is the set-up in
    which Liu et al. (arXiv 1809.01804) find influential factors.

    Args:
        data: the data set.
        beta: weight of the KL against log p(x | z) summed over pixels, or a schedule of it.
        dim: latent dimensions D.
        network: "mlp", "conv" or "recurrent", as in :func:`vae`.
        hidden: widths of an "mlp", or of a recurrent state last.
        channels: of a "conv".
        likelihood: as in :func:`vae`.

    References:
        Higgins et al., beta-VAE (ICLR 2017), eq. 4.

    Example:
        >>> from pellucid import data
        >>> beta_vae(data.digits(), beta=6.0).objective.kl_weight
        tensor(6.)
    """
    pair = vae(data, dim=dim, network=network, hidden=hidden, channels=channels, likelihood=likelihood)
    pair.objective = ELBO(kl_weight=beta)
    return pair
