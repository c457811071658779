"""What a guide believes of the labels given the image alone, its codes integrated out where it knows how."""

from collections.abc import Mapping
from typing import Any

from pyro.distributions import TorchDistribution
from torch import nn

__all__ = ["label_marginals"]


def label_marginals(guide: nn.Module, posterior: Mapping[str, Any]) -> dict[str, TorchDistribution]:
    """q(y | x) of the label sites that hang on a code: what the posterior program's ``label_marginals`` gives.

    Where a guide reads a label off a draw of the code, its site's distribution is q(y | code), and another at each
    draw. A posterior program that can integrate the code out has a method ``label_marginals(posterior)``; without one
    the labels are left to their sites.

    Args:
        guide: a :class:`~pellucid.guides.Guide`, with loss factors or without.
        posterior: latent site -> its distribution in the guide, run without labels: at them a posterior of the code may
            look.

    Returns:
        label site -> q(y | x); empty for a posterior program without the method.

    Example:
        >>> from pellucid import data, zoo
        >>> pair = zoo.ccvae(data.smiley(rows=50, labels=20, validation=10, test=10))
        >>> c = pair.guide.guide.posterior.from_features(torch.rand(5, 400))
        >>> label_marginals(pair.guide, {"c": c})["y"].mean.shape
        torch.Size([5, 4])
    """
    exact = getattr(getattr(guide, "posterior", None), "label_marginals", None)
    return {} if exact is None else exact(posterior)
