"""What a guide believes of the labels given the image alone, its codes integrated out where it knows how."""

from typing import Any, cast

from pyro import poutine
from pyro.distributions import TorchDistribution
from torch import Tensor, nn

from .factor import FactoredGuide
from .objective import random_sites

__all__ = ["label_marginals"]


def label_marginals(guide: nn.Module, x: Tensor) -> dict[str, TorchDistribution]:
    """q(y | x) of the label sites that hang on a code: what the posterior program's ``label_marginals`` gives.

    Where a guide reads a label off a draw of the code, its site's distribution is q(y | code), and another at each
    draw. A posterior program that can integrate the code out has a method ``label_marginals(posterior)``; without one
    the labels are left to their sites.

    Args:
        guide: a :class:`~pellucid.guides.Guide`, with loss factors or without; run without labels, at which a posterior
            of the code may look.
        x: ``[B, ...]``.

    Returns:
        label site -> q(y | x); empty for a posterior program without the method.

    Example:
        >>> from pellucid import data, zoo
        >>> pair = zoo.ccvae(data.smiley(rows=50, labels=20, validation=10, test=10))
        >>> label_marginals(pair.guide, torch.rand(5, 1, 32, 32))["y"].mean.shape
        torch.Size([5, 4])
    """
    inner = guide.guide if isinstance(guide, FactoredGuide) else guide
    exact = getattr(getattr(inner, "posterior", None), "label_marginals", None)
    if exact is None:
        return {}
    sites = random_sites(poutine.trace(inner).get_trace(x))
    return cast(Any, exact)({name: site["fn"] for name, site in sites})
