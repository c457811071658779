"""Label sites of a prior: observed for the rows that have a label, latent for the rest."""

import pyro
import torch
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor

from ..distributions import Labels, PartlyObserved, at_site, partly

__all__ = ["label"]


def label(name: str, fn: TorchDistribution, y: Labels = None, labelled: Labels = None) -> Tensor:
    """Sample the label site ``name``: the one way to write a site that is observed for some rows.

    With no ``y`` the site is latent; with ``y`` and no mask it is observed; with both, draws return ``y`` where
    ``labelled`` and a draw of ``fn`` elsewhere. In the last case the guide holds a site of the same name, written with
    :func:`pellucid.guides.classify`, which puts all its mass on the known labels.

    Args:
        name: the site.
        fn: its distribution; batch ``[B]`` or one that broadcasts to it.
        y: ``[B]`` labels, ``[B, L]`` for a site of vectors, or a dict from site to labels; unlabelled slots may hold
            anything, NaN included.
        labelled: boolean mask ``[B]``, or ``[B, L]`` where a row may know some of its labels; or a dict alike.

    Returns:
        ``[B]``, or ``[K, 1]`` under enumeration.

    Example:
        >>> import pyro.distributions as dist
        >>> y, known = torch.tensor([2, 9]), torch.tensor([True, True])
        >>> with pyro.plate("data", 2):
        ...     label("y", dist.Categorical(torch.ones(10)), y, known)
        tensor([2, 9])
    """
    value, known = at_site(name, y), at_site(name, labelled)
    if value is None:
        return pyro.sample(name, fn)
    if known is None:
        rows = torch.ones(value.shape[: value.dim() - fn.event_dim], dtype=torch.bool, device=value.device)
        return pyro.sample(name, fn, obs=PartlyObserved(fn, value, rows).value)  # in the dtype of fn's draws
    return pyro.sample(name, partly(PartlyObserved, fn, value, known))
