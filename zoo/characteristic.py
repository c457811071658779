"""Pairs whose labels speak through blocks of the code: CCVAE, and DIVA without its domains."""

from collections.abc import Sequence
from typing import Any, Literal

from torch import nn

from ..data import recorded
from ..guides import CharacteristicPosterior, Guide, NormalPosterior, SpikeAndSlabPosterior
from ..inference import CharacteristicBound, DomainBound, Factor, LabelEvidence, Pair, Supervision
from ..inference.characteristic import Gradients
from ..models import CharacteristicPrior, LatentModel, NormalPrior, SpikeAndSlabPrior
from ..schedules import Schedule
from .parts import Labelled, LikelihoodName, Network, frequencies, named_likelihood, networks
from .sparse import class_terms

__all__ = ["ccvae", "diva"]

Style = Literal["normal", "spike-and-slab"]


@recorded
def ccvae(
    data: Labelled,
    *,
    style: int = 27,
    block: int = 1,
    gradients: Gradients | Literal["auto"] = "auto",
    draws: int | None = None,
    alpha: float | Schedule = 10.0,
    style_prior: Style = "normal",
    spike: float = 0.05,
    consistency: float | Schedule = 0.0,
    separation: float | Schedule = 0.0,
    factors: Sequence[Factor] = (),
    network: Network = "mlp",
    hidden: Sequence[int] = (400,),
    channels: Sequence[int] | None = None,
    likelihood: LikelihoodName = "bernoulli",
) -> Pair:
    r"""The characteristic capturing VAE: labels are read off, and drawn through, blocks of the code of their own.

    .. math:: p(y) \prod_i p(c_i | y_i)\, p(z)\, p(x | c, z), \qquad q(c | x) \prod_i q(y_i | c_i)\, q(z | x)

    Labels are sites, observed where labelled and summed out elsewhere, row by row or label by label. With network
    "conv", likelihood "laplace", images of 64 pixels and ``data.CHARACTERISTICS`` of CelebA it is the source's set-up.

    Args:
        data: the data set; with labels, of classes or of attributes.
        style: dimensions of the rest of the code.
        block: dimensions of each label's block.
        gradients: "exact", "tilted", "official" or "detached"; see
            :class:`~pellucid.inference.CharacteristicBound`. "auto" is "tilted" for attributes, whose bounds it makes
            better by nats, and "exact" for classes, which have no other exact one.
        draws: None for quadrature of q(y | x); the source takes the mean of 100 draws.
        alpha: weight of :class:`~pellucid.inference.LabelEvidence`, a further log q(y | x), mean over labelled rows. 0
            is the bare bound, which hardly teaches the blocks what they are for while labels are few; the authors' code
            has such a weight hidden in its gradient.
        style_prior: "normal", or "spike-and-slab" for a sparse style.
        spike: of a sparse style, the prior probability that a dimension is on.
        consistency: of a sparse style, the weight of :class:`~pellucid.inference.ClassConsistency`.
        separation: of a sparse style, the weight of :class:`~pellucid.inference.ClassSeparation`.
        factors: further loss factors.
        network: "mlp", "conv" or "recurrent", as in :func:`~pellucid.zoo.vae`.
        hidden: widths of an "mlp", or of a recurrent state last.
        channels: of a "conv".
        likelihood: as in :func:`~pellucid.zoo.vae`.

    References:
        Joy, Schmon, Torr, Siddharth, Rainforth, "Capturing Label Characteristics in VAEs" (ICLR 2021).

    Example:
        >>> from pellucid import data
        >>> smileys = data.smiley(rows=50, labels=20, validation=10, test=10)
        >>> pair = ccvae(smileys, style=8, style_prior="spike-and-slab", consistency=3.0)
        >>> [factor.name for factor in pair.factors]
        ['consistency', 'label_evidence']
        >>> pair.model.prior.blocks  # one dimension for each of the four attributes
        [[0], [1], [2], [3]]
    """
    terms = class_terms(consistency, separation)
    if terms and (style_prior != "spike-and-slab" or style == 0):
        raise ValueError(
            f"style_prior: {' and '.join(term.name for term in terms)} work on the gates of a sparse style; given "
            f"{style_prior!r} of {style} dimensions.\nTry one of:\n- style_prior='spike-and-slab', style=27\n"
            "- consistency=0, separation=0"
        )
    model, guide = programs(
        data, style, block, style_prior, spike, network=network, hidden=hidden, channels=channels, likelihood=likelihood
    )
    classifier = guide.posterior.classifier
    if gradients == "auto":
        gradients = "tilted" if data.attributes else "exact"
    if gradients == "tilted" and not data.attributes:
        raise ValueError(
            f"gradients: 'tilted' is for binary labels; this data set has {len(data.classes)} classes.\n"
            "Try one of:\n- gradients='exact', or 'auto'"
        )
    if isinstance(alpha, Schedule) or alpha != 0:
        terms.append(LabelEvidence(alpha, classifier, draws=draws))
    return Pair(model, guide, [*terms, *factors], CharacteristicBound(classifier, gradients, draws))


@recorded
def diva(
    data: Labelled,
    *,
    style: int = 27,
    block: int = 1,
    supervision: float | Schedule = 10.0,
    factors: Sequence[Factor] = (),
    network: Network = "mlp",
    hidden: Sequence[int] = (400,),
    channels: Sequence[int] | None = None,
    likelihood: LikelihoodName = "bernoulli",
) -> Pair:
    """DIVA without domains: the programs of :func:`ccvae` under another bound, and a classifier taught apart from it.

    Args:
        data: the data set; with labels, of classes or of attributes.
        style: dimensions of the rest of the code.
        block: dimensions of each label's block.
        supervision: weight of the classifier's cross-entropy on labelled rows.
        factors: further loss factors.
        network: "mlp", "conv" or "recurrent", as in :func:`~pellucid.zoo.vae`.
        hidden: widths of an "mlp", or of a recurrent state last.
        channels: of a "conv".
        likelihood: as in :func:`~pellucid.zoo.vae`.

    References:
        Ilse, Tomczak, Louizos, Welling, "DIVA: Domain Invariant Variational Autoencoders" (MIDL 2020).

    Example:
        >>> from pellucid import data
        >>> pair = diva(data.smiley(rows=50, labels=20, validation=10, test=10), style=8)
        >>> [factor.name for factor in pair.factors]
        ['supervision']
    """
    model, guide = programs(
        data, style, block, network=network, hidden=hidden, channels=channels, likelihood=likelihood
    )
    return Pair(model, guide, [Supervision(supervision), *factors], DomainBound(guide.posterior.classifier))


def programs(
    data: Labelled,
    style: int,
    block: int,
    style_prior: Style = "normal",
    spike: float = 0.05,
    *,
    network: Network,
    hidden: Sequence[int],
    channels: Sequence[int] | None,
    likelihood: LikelihoodName,
) -> tuple[LatentModel, Any]:
    """Model and guide of characteristic latents."""
    if style_prior not in ("normal", "spike-and-slab"):
        raise ValueError(f"style_prior: expected 'normal' or 'spike-and-slab'; given {style_prior!r}.")
    if style < 0 or block < 1:
        raise ValueError(
            f"style, block: expected 0 dimensions or more of style, and 1 or more a label; given {style} and {block}.\n"
            "Try one of:\n- style=27, block=1, as the source"
        )
    labels, sparse = len(data.classes), style_prior == "spike-and-slab"
    encoder, decoder = networks(network, data.shape, labels * block + style, hidden, channels)

    def style_posterior(features: nn.Module) -> nn.Module:
        return (SpikeAndSlabPosterior if sparse else NormalPosterior)(features, style)

    prior = CharacteristicPrior(
        labels,
        None if style == 0 else SpikeAndSlabPrior(style, spike) if sparse else NormalPrior(style),
        block=block,
        frequency=frequencies(data),
        categorical=not data.attributes,
    )
    posterior = CharacteristicPosterior(
        encoder, labels, style_posterior if style else None, block=block, categorical=not data.attributes
    )
    model = LatentModel(prior, decoder, named_likelihood(likelihood, data.shape), data.n_data)
    return model, Guide(posterior, data.n_data)
