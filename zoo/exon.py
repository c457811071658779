"""EXoN: a mixture in the latent space, its centres laid out by the user."""

from collections.abc import Sequence
from typing import Literal

from torch import nn

from ..data import recorded
from ..guides import Guide
from ..guides.mixture import MixturePosterior
from ..inference import Factor, Pair, Supervision
from ..inference.mixture import Draw, MixtureBound
from ..models import LatentModel
from ..models.layouts import Layout
from ..models.likelihood import Link
from ..models.mixture import MixturePrior
from ..schedules import Schedule
from .classifiers import Classifier, named_classifier
from .few_labels import AugmentationName, interpolating, pixels, require_classes
from .parts import Labelled, Network, networks

__all__ = ["exon"]


@recorded
def exon(
    data: Labelled,
    *,
    dim: int = 2,
    centres: Layout | Sequence[Sequence[float]] = "circle",
    scale: float | Sequence[float] = 2.0,
    rest: float | None = None,
    learned: bool = False,
    beta: float = 0.25,
    supervision: float | Schedule = 1000.0,
    interpolation: float | Schedule = 0.0,
    taught: float | Schedule | None = None,
    lag: float = 0.0,
    augmentation: AugmentationName = "none",
    draw: Draw = "straight-through",
    clamp: bool = False,
    temperature: float | Schedule = 1.0,
    kl_weight: float | Schedule = 1.0,
    classifier: Classifier | Literal["head"] | nn.Module = "network",
    factors: Sequence[Factor] = (),
    network: Network = "mlp",
    hidden: Sequence[int] = (256, 128),
    channels: Sequence[int] | None = None,
    link: Link = "sigmoid",
) -> Pair:
    r"""The explainable encoder network: each class has a place in the latent space, and the user says where.

    .. math:: y \sim \tfrac1K, \quad z \mid y \sim N(\mu_y, \Sigma), \quad x \mid z \sim N(D(z), \beta I), \qquad
        q(y \mid x) = \pi(x), \quad q(z \mid x, y = k) = N(m_k(x), v_k(x))

    The source's loss is the negative bound of this model, times beta and less a constant:

    .. math:: \tfrac12 |x - \hat x|^2 + \beta (\mathrm{KL}_1 + \mathrm{KL}_2 + \mathrm{CE})
        = \beta \big( -\mathcal{L} + \mathrm{CE} - \tfrac P2 \log 2 \pi \beta \big), \qquad P \text{ pixels}

    so what is minimised here is :math:`-\mathcal{L} + \text{supervision} \cdot \mathrm{CE}` and the loss factors, in
    nats: a weight :math:`\lambda` of the source is :math:`\lambda / \beta` here, by the source's beta. KL1 and KL2 are
    ``kl(y)`` and ``kl(z)`` in the metrics. The classifier is what the source trains hardest, by labels that it
    interpolates (:class:`~pellucid.inference.Interpolation`): with few labels ``interpolation`` and ``augmentation``
    are worth their time, and ``fit(labelled_rows=32)``, which puts as many labelled rows into every batch.

    Pixels are in [0, 1]. The source has them in [-1, 1], where squared errors are four times as large: **its beta is
    four times the one here**. For rows that are in [-1, 1], ``link="tanh"`` and its own beta.

    Args:
        data: the data set; with classes.
        dim: latent dimensions D.
        centres: "circle", "simplex", "grid" or "one-hot", or the coordinates of each class, ``[K, D]``.
        scale: standard deviation of the components, or D of them. With "circle" and 2 it is the source's plane.
        rest: standard deviation in the dimensions in which all centres agree; as ``scale`` if omitted.
        learned: whether centres, scales and frequencies are learned from there, as in VaDE.
        beta: variance of a pixel, the weight of the divergences against squared errors; positive.
        supervision: weight of the classifier's cross-entropy on labelled rows, in nats; in the source 1, and besides
            its lambda_1 / beta, which is thousands.
        interpolation: weight of mixed images told as mixed labels, in nats; in the source
            its lambda_1 / beta; 0 for none.
        taught: weight of mixed images without label beside 1 for those with; if omitted, a ramp over the first tenth of
            training.
        lag: of the teacher who gives soft labels: 0 for the weights that the step before has left, as in the source;
            .9 for a running mean of them, a steadier one.
        augmentation: of mixed images: "none"; "digits" are turned by up to 25 degrees and moved, "photos" moved and
            mirrored, "moves" moved.
        draw: "straight-through" decodes the code of one class a row, "enumerated" of all.
        clamp: whether labels that are known also stand in for the classifier in the bound.
        temperature: of the softmax behind a straight-through draw, positive.
        kl_weight: of both divergences, 1 but to see what they do.
        classifier: "network" for one of the encoder's kind, "small", "conv", "deep" or "wide" for convolutions
            (:func:`~pellucid.zoo.classifiers.named_classifier`), "head" for a layer on the encoder itself, or a module
            from ``[B, C, H, W]`` to ``[B, K]``.
        factors: further loss factors.
        network: "mlp", "conv" or "recurrent", as in :func:`~pellucid.zoo.vae`.
        hidden: widths of an "mlp", or of a recurrent state last.
        channels: of a "conv".
        link: from the decoder's output to means of pixels: "sigmoid" for [0, 1], "tanh" for [-1, 1], "identity".

    Raises:
        ValueError: if the data have attributes in place of classes, or a class of which no row is labelled; if beta or
            the temperature is not positive; if the centres are not one for each class, in D dimensions, all different.

    References:
        An, Choi, Jeon, "EXoN: EXplainable encoder Network" (arXiv 2105.10867); An and Jeon, "Customization of latent
        space in semi-supervised Variational AutoEncoder" (Pattern Recognition Letters 2024).

    Example:
        >>> import torch
        >>> from pellucid import data
        >>> pair = exon(data.digits(labels=100), centres=[[3 * (k % 5), 3 * (k // 5)] for k in range(10)], scale=0.5)
        >>> sorted(pair(torch.rand(5, 1, 8, 8)).kl)
        ['y', 'z']
    """
    require_classes(data, learned=learned)
    count = len(data.classes)
    encoder, decoder = networks(network, data.shape, dim, hidden, channels)
    options = {"network": network, "hidden": hidden, "channels": channels}
    own = None if classifier == "head" else named_classifier(classifier, data.shape, count, **options)
    told = {"taught": taught, "end": 0.1, "augmentation": augmentation, "lag": lag}
    mixed = interpolating(interpolation, data.shape, **told)
    prior = MixturePrior(count, dim, centres, scale=scale, rest=rest, learned=learned)
    posterior = MixturePosterior(encoder, count, dim, own)
    return Pair(
        LatentModel(prior, decoder, pixels(beta, link), data.n_data),
        Guide(posterior, data.n_data),
        [Supervision(supervision), *mixed, *factors],
        MixtureBound(draw, clamp=clamp, temperature=temperature, kl_weight=kl_weight),
    )
