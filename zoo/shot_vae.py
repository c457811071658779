"""SHOT-VAE: a bound that labels are part of, and interpolation between rows that lie near each other."""

from collections.abc import Sequence
from typing import Literal

from torch import nn

from ..data import recorded
from ..guides import Guide
from ..guides.independent import IndependentPosterior
from ..inference import ELBO, Factor, Pair, Supervision
from ..models import LatentModel, M2Prior
from ..models.annotated import AnnotatedPrior
from ..models.likelihood import Link
from ..schedules import Schedule
from .classifiers import Classifier, named_classifier
from .few_labels import AugmentationName, interpolating, pixels, require_classes
from .parts import Labelled, Network, networks

__all__ = ["shot_vae"]


@recorded
def shot_vae(
    data: Labelled,
    *,
    dim: int = 50,
    smoothing: float = 1e-3,
    beta: float = 0.25,
    supervision: float | Schedule = 0.0,
    interpolation: float | Schedule = 1000.0,
    taught: float | Schedule | None = None,
    lag: float = 0.0,
    codes: float = 1e-3,
    nearest: bool = True,
    augmentation: AugmentationName = "none",
    kl_weight: float | Schedule = 1.0,
    classifier: Classifier | Literal["head"] | nn.Module = "network",
    factors: Sequence[Factor] = (),
    network: Network = "mlp",
    hidden: Sequence[int] = (400,),
    channels: Sequence[int] | None = None,
    link: Link = "sigmoid",
) -> Pair:
    r"""The semi-supervised autoencoder that wins on error: a smooth bound and optimal interpolation.

    .. math:: y \sim \tfrac1K, \quad z \sim N(0, I), \quad x \mid z, y \sim N(D(z, y), \beta I), \qquad
        q(y \mid x)\, q(z \mid x)

    **The smooth bound.** A label is an annotation a of the class, wrong with probability :math:`\epsilon`
    (:class:`~pellucid.models.annotated.AnnotatedPrior`). No row's class is clamped, and the bound on log p(x, a) of a
    labelled row teaches the classifier itself,

    .. math:: E_q \log p(x \mid z, y) - \mathrm{KL}\big(q(z \mid x) \,\|\, p(z)\big)
        - \mathrm{KL}\big(q(y \mid x) \,\|\, p(\cdot \mid a)\big) - \log K,

    the last divergence that from the label smoothed by :math:`\epsilon`. The others have the bound on log p(x).

    **Optimal interpolation** (:class:`~pellucid.inference.Interpolation`). An image without label is mixed with the one
    whose code is nearest, and told as the mixture of their soft labels and codes; labelled ones are mixed at random,
    nearly all of one of the two. ``fit(labelled_rows=32)`` puts as many labelled rows into every batch.

    As in the source: the programs, the smoothing, the rows that meet and their shares, the ramp. Not as there:

    - the class is summed out, K decodes a row, where the source relaxes one draw, and decodes labelled rows under the
      label itself;
    - the source's code leaves the predictive term to the interpolation of labelled rows, whose cross-entropy is
      stronger; here both are there, and ``interpolation=0`` leaves the bound alone;
    - its code weighs divergences by .001, holds that of the class at log K, and the whole bound by .001 against 1 for
      the classifier: :math:`1000 / \beta` here, where the weight is in nats and the bound's is 1;
    - its shares are one number a batch, and one a row here;
    - its encoder is the classifier's (``classifier="head"``), a residual network.

    Args:
        data: the data set; with classes.
        dim: dimensions D of the code z; the decoder takes the class besides.
        smoothing: epsilon, how often an annotation is wrong, below (K - 1) / K; 0 for clamped labels, as in M2.
        beta: variance of a pixel, the weight of the divergences against squared errors; positive.
        supervision: weight of the classifier's cross-entropy on labelled rows as they are, in nats; none in the source.
        interpolation: weight of mixed images told as mixed labels, in nats; 0 for none.
        taught: weight of mixed images without label beside 1 for those with; if omitted, a ramp over two fifths of
            training.
        codes: weight of the squared distance between codes of mixed images and mixed codes, beside 1 for the labels.
        nearest: whether an image without label is mixed with the one nearest by its code; else with a random one.
        lag: of the teacher who gives soft labels: 0 for the weights that the step before has left, as in the source;
            .9 for a running mean of them, a steadier one.
        augmentation: of mixed images: "none"; "digits" are turned by up to 25 degrees and moved, "photos" moved and
            mirrored, "moves" moved.
        kl_weight: of both divergences; 1 for a bound.
        classifier: "network" for one of the encoder's kind, "small", "conv", "deep" or "wide" for convolutions
            (:func:`~pellucid.zoo.classifiers.named_classifier`), "head" for a layer on the encoder itself, or a module
            from ``[B, C, H, W]`` to ``[B, K]``.
        factors: further loss factors.
        network: "mlp", "conv" or "recurrent", as in :func:`~pellucid.zoo.vae`.
        hidden: widths of an "mlp", or of a recurrent state last.
        channels: of a "conv".
        link: from the decoder's output to means of pixels: "sigmoid" for [0, 1], "tanh" for [-1, 1], "identity".

    Raises:
        ValueError: if the data have attributes in place of classes, or a class of which no row is labelled; if beta is
            not positive or the smoothing out of its range.

    References:
        Feng et al., "SHOT-VAE: Semi-supervised deep generative models with label-aware ELBO approximations" (AAAI 2021,
        arXiv 2011.10684).

    Example:
        >>> import torch
        >>> from pellucid import data
        >>> pair = shot_vae(data.digits(labels=100), dim=8)
        >>> terms = pair(torch.rand(5, 1, 8, 8), torch.tensor([3, 1, 0, 0, 0]), torch.arange(5) < 2)
        >>> sorted(terms.kl), sorted(terms.likelihood), sorted(terms.factors)
        (['y', 'z'], ['annotation', 'x'], ['interpolation'])
    """
    require_classes(data)
    count = len(data.classes)
    encoder, decoder = networks(network, data.shape, count + dim, hidden, channels)
    options = {"network": network, "hidden": hidden, "channels": channels}
    own = None if classifier == "head" else named_classifier(classifier, data.shape, count, **options)
    prior = AnnotatedPrior(count, dim, smoothing=smoothing) if smoothing else M2Prior(count, dim, categorical=True)
    posterior = IndependentPosterior(encoder, count, dim, own, clamp=not smoothing)
    told = [Supervision(supervision)] if supervision else []
    options = {"taught": taught, "end": 0.4, "augmentation": augmentation, "lag": lag}
    mixed = interpolating(interpolation, data.shape, **options, nearest=nearest, codes=codes)
    return Pair(
        LatentModel(prior, decoder, pixels(beta, link), data.n_data),
        Guide(posterior, data.n_data),
        [*told, *mixed, *factors],
        ELBO(kl_weight),
    )
