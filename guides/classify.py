"""Label sites of a guide: a point mass on the labels that are known, a classifier elsewhere."""

import pyro
import torch
from pyro.distributions.torch_distribution import TorchDistribution
from pyro.poutine.runtime import InferDict
from torch import Tensor

from ..distributions import Clamped, Labels, at_site, partly
from ..distributions.shown import Shown

__all__ = ["classify"]


def classify(
    name: str, fn: TorchDistribution, y: Labels = None, labelled: Labels = None, *, clamp: bool = True
) -> Tensor:
    r"""Sample the label site ``name`` from q(y | x), clamped to the known labels and summed out where it can be.

    .. math:: q(y_n) = \delta_{y_n} \text{ where labelled}, \qquad q(y_n | x_n) = \text{fn elsewhere}

    The clamp is exact: a labelled row has weight one on its label and zero on all others, whatever the classifier
        says. The counterpart of :func:`pellucid.models.label`.

    Args:
        name: the site.
        fn: the classifier's distribution, batch ``[B]``.
        y: ``[B]`` labels, ``[B, L]`` for a site of vectors, or a dict from site to labels; unlabelled slots may hold
            anything.
        labelled: boolean mask ``[B]``, or ``[B, L]`` where a row may know some of its labels. With ``y`` and no mask
            every row is known.
        clamp: whether the site takes the known labels. Without it they are shown to loss factors and figures, and the
            site is fn on every row, for a model in which the label is never observed.

    Returns:
        ``[B]``, ``[K, 1]`` when enumerated; ``y`` itself when all rows are known and clamped.

    Example:
        >>> import pyro.distributions as dist
        >>> with pyro.plate("data", 2):
        ...     classify("y", dist.Categorical(torch.ones(2, 10)), torch.tensor([2, 9]), torch.tensor([True, True]))
        tensor([2, 9])
    """
    value, known = at_site(name, y), at_site(name, labelled)
    if value is None:
        return pyro.sample(name, fn, infer=enumerated(fn))
    rows = torch.ones(value.shape[: value.dim() - fn.event_dim], dtype=torch.bool, device=value.device)
    if known is not None or not clamp:
        q = partly(Clamped if clamp else Shown, fn, value, rows if known is None else known)
        return pyro.sample(name, q, infer=enumerated(q))
    # Observed in the model: a point mass that adds nothing to the bound, and shows the classifier to loss factors.
    return pyro.sample(name, Clamped(fn, value, rows), infer={"is_auxiliary": True})


def enumerated(fn: TorchDistribution) -> InferDict:
    """Sum the site out if its support can be listed."""
    return {"enumerate": "parallel"} if fn.has_enumerate_support else {}
