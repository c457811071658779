"""M2: a label and a code decoded together."""

from collections.abc import Sequence
from typing import Literal

from ..data import recorded
from ..guides import Guide, M2Posterior
from ..inference import Factor, Pair, Supervision
from ..models import LatentModel, M2Prior
from ..schedules import Schedule
from .parts import Labelled, LikelihoodName, Network, frequencies, named_likelihood, networks

__all__ = ["m2"]

LISTED = 4
"""Binary labels that are summed out unless told otherwise: 16 joint values."""


@recorded
def m2(
    data: Labelled,
    *,
    dim: int = 50,
    supervision: float | Schedule = 10.0,
    labels: Literal["auto", "enumerated", "relaxed"] = "auto",
    factors: Sequence[Factor] = (),
    network: Network = "mlp",
    hidden: Sequence[int] = (400,),
    channels: Sequence[int] | None = None,
    likelihood: LikelihoodName = "bernoulli",
) -> Pair:
    r"""The semi-supervised autoencoder whose decoder takes the labels themselves, beside a code.

    .. math:: p(y)\, p(z)\, p(x | z, y), \qquad q(y | x)\, q(z | x, y)

    On labelled rows the objective is the bound on log p(x, y), on the others that on log p(x), the label summed out
    exactly. Of binary labels all joint values are summed, up to four labels, 16 values. **Beyond, labels are drawn**:
    softly in training, where the bound of unlabelled rows is then one under relaxed labels, and as 0 and 1 in
    evaluation mode, where it is a bound on log p(x). The divergence of q(y | x) from p(y) is exact throughout. A row
    of which only some labels are known counts as unlabelled.

    Args:
        data: the data set; with labels, of classes or of attributes.
        dim: dimensions D of the code z; the decoder takes the labels besides.
        supervision: alpha, weight of the classifier's cross-entropy on labelled rows.
        labels: what is done with binary labels that are not known: "enumerated" sums them out, "relaxed" draws them,
            "auto" sums up to four of them out and draws more.
        factors: further loss factors.
        network: "mlp", "conv" or "recurrent", as in :func:`~pellucid.zoo.vae`.
        hidden: widths of an "mlp", or of a recurrent state last.
        channels: of a "conv".
        likelihood: as in :func:`~pellucid.zoo.vae`.

    Raises:
        ValueError: if classes are to be relaxed, or more than 12 binary labels enumerated.

    References:
        Kingma, Mohamed, Rezende, Welling, "Semi-supervised learning with deep generative models" (arXiv 1406.5298).

    Example:
        >>> import torch
        >>> from pellucid import data
        >>> pair = m2(data.digits(labels=0.1), dim=8)
        >>> sorted(pair(torch.rand(5, 1, 8, 8)).kl)
        ['y', 'z']
    """
    if labels not in ("auto", "enumerated", "relaxed"):
        raise ValueError(f"labels: expected 'auto', 'enumerated' or 'relaxed'; given {labels!r}.")
    if labels == "relaxed" and not data.attributes:
        raise ValueError(
            "labels: classes are summed out, and only binary labels can be relaxed; given 'relaxed'. Try labels='auto'."
        )
    count, categorical = len(data.classes), not data.attributes
    encoder, decoder = networks(network, data.shape, count + dim, hidden, channels)
    relaxed = labels == "relaxed" or (labels == "auto" and not categorical and count > LISTED)
    prior = M2Prior(count, dim, frequency=frequencies(data), categorical=categorical)
    posterior = M2Posterior(encoder, count, dim, categorical=categorical, relaxed=relaxed)
    model = LatentModel(prior, decoder, named_likelihood(likelihood, data.shape), data.n_data)
    return Pair(model, Guide(posterior, data.n_data), [Supervision(supervision), *factors])
