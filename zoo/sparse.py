"""Pairs with a sparse code: spike-and-slab priors and posteriors."""

from collections.abc import Sequence

from ..data import recorded
from ..guides import Guide, SpikeAndSlabPosterior
from ..inference import ClassConsistency, Pair
from ..models import LatentModel, SpikeAndSlabPrior
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
