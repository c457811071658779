"""MVAE: image and labels as two views of one code."""

from collections.abc import Sequence

from ..data import recorded
from ..guides import Guide, MVAEPosterior
from ..inference import Factor, MultimodalBound, Pair
from ..models import LatentModel, MVAEPrior
from ..schedules import Schedule
from .parts import Labelled, LikelihoodName, Network, frequencies, named_likelihood, networks

__all__ = ["mvae"]


@recorded
def mvae(
    data: Labelled,
    *,
    dim: int = 50,
    label_weight: float | Schedule = 10.0,
    factors: Sequence[Factor] = (),
    network: Network = "mlp",
    hidden: Sequence[int] = (400,),
    channels: Sequence[int] | None = None,
    likelihood: LikelihoodName = "bernoulli",
) -> Pair:
    r"""The multimodal autoencoder: labels are generated from the code, and what is known of a row votes on it.

    .. math:: p(z)\, p(x | z)\, p(y | z), \qquad
        q(z | x, y) \propto p(z)\, q(z | x) \prod_{i\ \text{known}} q(z | y_i)

    On labelled rows the loss is the sum of the negative bounds on log p(x, y), log p(x) and log p(y), on the others the
    second alone: :class:`~pellucid.inference.MultimodalBound`. A row may know some of its labels.

    Args:
        data: the data set; with labels, of classes or of attributes.
        dim: dimensions D of the code z.
        label_weight: lambda, weight of log p(y | z) in the loss, as an image has many pixels and few labels; reported
            bounds have weight 1.
        factors: further loss factors.
        network: "mlp", "conv" or "recurrent", as in :func:`~pellucid.zoo.vae`.
        hidden: widths of an "mlp", or of a recurrent state last.
        channels: of a "conv".
        likelihood: as in :func:`~pellucid.zoo.vae`.

    References:
        Wu and Goodman, "Multimodal generative models for scalable weakly-supervised learning" (arXiv 1802.05335).

    Example:
        >>> import torch
        >>> from pellucid import data
        >>> pair = mvae(data.digits(labels=0.1), dim=8)
        >>> pair.guide.posterior.given(None, torch.tensor([3, 8])).batch_shape  # codes of two labels, without images
        torch.Size([2])
    """
    count, categorical = len(data.classes), not data.attributes
    encoder, decoder = networks(network, data.shape, dim, hidden, channels)
    prior = MVAEPrior(count, dim, frequency=frequencies(data), categorical=categorical)
    posterior = MVAEPosterior(encoder, count, dim, prior.classifier, categorical=categorical)
    model = LatentModel(prior, decoder, named_likelihood(likelihood, data.shape), data.n_data)
    return Pair(model, Guide(posterior, data.n_data), factors, MultimodalBound(label_weight))
