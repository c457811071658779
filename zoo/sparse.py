"""Pairs with a sparse code: spike-and-slab priors and posteriors."""

from collections.abc import Sequence
from typing import Literal

from torch import nn

from ..data import recorded
from ..guides import Guide, SelectingPosterior, SpikeAndSlabPosterior
from ..inference import AggregateSparsity, ClassConsistency, ClassSeparation, Factor, Pair
from ..models import LatentModel, PseudoInputPrior, SpikeAndSlabPrior
from ..networks import MLPEncoder
from ..schedules import Schedule
from .parts import LikelihoodName, Network, Shaped, named_likelihood, networks

__all__ = ["vsc"]


@recorded
def vsc(
    data: Shaped,
    *,
    dim: int = 60,
    alpha: float = 0.05,
    consistency: float | Schedule = 0.0,
    separation: float | Schedule = 0.0,
    factors: Sequence[Factor] = (),
    sharpness: float | Schedule | None = None,
    slab: float | Schedule = 1.0,
    relaxed: bool = True,
    network: Network = "mlp",
    hidden: Sequence[int] = (400,),
    likelihood: LikelihoodName = "bernoulli",
    prior: Literal["fixed", "pseudo-inputs"] = "fixed",
    pseudo_inputs: int = 20,
    selector: Literal["source", "variational"] = "source",
) -> Pair:
    """Variational sparse coding, class-consistent when ``consistency`` is positive.

    Args:
        data: the data set; with labels, for the class-consistent form.
        dim: latent dimensions D.
        alpha: prior probability that a dimension is on.
        consistency: lambda, the weight of :class:`~pellucid.inference.ClassConsistency`, or a schedule of it. 0 is
            plain sparse coding.
        separation: kappa, the weight of :class:`~pellucid.inference.ClassSeparation`, which keeps classes apart; up to
            1 class information is at best free.
        factors: further loss factors, such as :class:`~pellucid.inference.AllSampleConsistency`.
        sharpness: c of the relaxed gates; from 50 to 200 over training if omitted.
        slab: weight of the slab's warm-up; 1 is none.
        relaxed: False trains on hard draws by the score function.
        network: "mlp", "conv" or "recurrent", as in :func:`vae`.
        hidden: widths of an "mlp", or of a recurrent state last.
        likelihood: as in :func:`vae`.
        prior: "fixed", or the source's "pseudo-inputs": :class:`~pellucid.models.PseudoInputPrior`, on the guide's own
            encoder, with :class:`~pellucid.inference.AggregateSparsity` at weight 1.
        pseudo_inputs: their number U; of no effect on a fixed prior.
        selector: how a row gets its pseudo-input, by a network like an "mlp" encoder: "source", without a charge, where
            reported bounds are too good by up to log U; "variational", a classifier with its own divergence, whose
            bounds are true. Of no effect on a fixed prior.

    References:
        Tonolini, Jensen, Murray-Smith (UAI 2019); Sangari Abiz, Hosseini, Araabi (arXiv 2505.14476).

    Example:
        >>> from pellucid import data
        >>> from pellucid.schedules import Ramp
        >>> pair = vsc(data.digits(), dim=8, consistency=Ramp(0, 3, end=0.3))
        >>> [factor.name for factor in pair.factors]
        ['consistency']
    """
    if prior not in ("fixed", "pseudo-inputs"):
        raise ValueError(f"prior: expected 'fixed' or 'pseudo-inputs'; given {prior!r}.")
    if selector not in ("source", "variational"):
        raise ValueError(f"selector: expected 'source' or 'variational'; given {selector!r}.")
    encoder, decoder = networks(network, data.shape, dim, hidden)
    posterior = SpikeAndSlabPosterior(encoder, dim, sharpness=sharpness, slab=slab, relaxed=relaxed)
    code, program, terms = SpikeAndSlabPrior(dim, alpha), posterior, list[Factor]()
    if prior == "pseudo-inputs":
        choose = nn.Sequential(
            features := MLPEncoder(data.shape, tuple(hidden)), nn.Linear(features.out_features, pseudo_inputs)
        )
        charged = selector == "variational"
        code = PseudoInputPrior(
            posterior, data.shape, selector=None if charged else choose, pseudo_inputs=pseudo_inputs, alpha=alpha
        )
        program = SelectingPosterior(posterior, choose) if charged else posterior
        terms.append(AggregateSparsity(code.gates, alpha))
    model = LatentModel(code, decoder, named_likelihood(likelihood, data.shape), data.n_data)
    terms += class_terms(consistency, separation)
    return Pair(model, Guide(program, data.n_data), [*terms, *factors])


def class_terms(consistency: float | Schedule, separation: float | Schedule) -> list[Factor]:
    """Those of the two class factors whose weight is not 0: such a term would cost time, and change nothing."""
    makers = ((ClassConsistency, consistency), (ClassSeparation, separation))
    return [make(weight) for make, weight in makers if isinstance(weight, Schedule) or weight != 0]
