"""Sparse coding whose spikes have a prior of their own in every class."""

from collections.abc import Sequence

from ..data import recorded
from ..guides import ClassSpikePosterior, Guide
from ..inference import Factor, Pair, PatternSparsity, SpikeStrength, Supervision
from ..models import AttributeSpikePrior, ClassSpikePrior, LatentModel
from ..schedules import Schedule
from .parts import Labelled, LikelihoodName, Network, named_likelihood, networks
from .sparse import class_terms

__all__ = ["class_vsc"]


@recorded
def class_vsc(
    data: Labelled,
    *,
    dim: int = 60,
    alpha: float = 0.05,
    strength: float | Schedule = 3.0,
    sparsity: float | Schedule = 1.0,
    supervision: float | Schedule = 10.0,
    separation: float | Schedule = 0.0,
    factors: Sequence[Factor] = (),
    sharpness: float | Schedule | None = None,
    slab: float | Schedule = 1.0,
    network: Network = "mlp",
    hidden: Sequence[int] = (400,),
    likelihood: LikelihoodName = "bernoulli",
) -> Pair:
    r"""Sparse coding with class-conditional spikes: class consistency written as a prior, with the label a site.

    .. math:: p(y)\, p(z | y)\, p(x | z), \qquad
        p(z | y) = \prod_j \big[ a_{yj}\, N(0, 1) + (1 - a_{yj})\, \delta_0 \big]

    y is observed where labelled and summed out under q(y | x) where not, so rows without a label train too, and the
    model draws images of a class. Binary attributes (``data.smiley``) shift the log-odds of the spikes.

    Args:
        data: the data set; with labels, of classes or of attributes.
        dim: latent dimensions D.
        alpha: prior probability that a dimension is on, before the classes are told apart.
        strength: lambda: the spike part of the KL has the weight 1 + lambda. 0 is the plain bound, which buys no
            consistency.
        sparsity: W, nats charged per row for the distance of the classes' probabilities from alpha.
        supervision: weight of the classifier's cross-entropy on labelled rows.
        separation: kappa, the weight of :class:`~pellucid.inference.ClassSeparation`, which has classes open dimensions
            of their own; up to ``sparsity`` class information is at best free.
        factors: further loss factors.
        sharpness: c of the relaxed gates; from 50 to 200 over training if omitted.
        slab: weight of the slab's warm-up; 1 is none.
        network: "mlp", "conv" or "recurrent", as in :func:`~pellucid.zoo.vae`.
        hidden: widths of an "mlp", or of a recurrent state last.
        likelihood: as in :func:`~pellucid.zoo.vae`.

    Example:
        >>> from pellucid import data
        >>> pair = class_vsc(data.digits(labels=0.1), dim=8)
        >>> [factor.name for factor in pair.factors]
        ['strength', 'sparsity', 'supervision']
        >>> pair.model.prior.spikes(torch.arange(10)).shape  # of every class
        torch.Size([10, 8])
    """
    encoder, decoder = networks(network, data.shape, dim, hidden)
    classes = len(data.classes)
    prior = (AttributeSpikePrior if data.attributes else ClassSpikePrior)(classes, dim, alpha)
    posterior = ClassSpikePosterior(encoder, dim, classes, attributes=data.attributes, sharpness=sharpness, slab=slab)
    terms = [SpikeStrength(strength, prior), PatternSparsity(sparsity, prior, alpha), Supervision(supervision)]
    model = LatentModel(prior, decoder, named_likelihood(likelihood, data.shape), data.n_data)
    terms += class_terms(0.0, separation)
    return Pair(model, Guide(posterior, data.n_data), [*terms, *factors])
