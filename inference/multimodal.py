"""The objective of MVAE: the bounds of image and labels together, of the image alone and of the labels alone."""

from typing import Any

import pyro
import torch
from torch import Tensor, nn

from ..distributions import Labels, at_site
from ..schedules import Schedule, scheduled
from .factor import without_factors
from .objective import ELBO, Terms

__all__ = ["MultimodalBound"]


class MultimodalBound(ELBO):
    r"""The sum of three evidence bounds for a row with labels, one bound for a row without.

    .. math:: \text{loss} = -\frac1N \sum_n \mathcal{L}(x_n, y_n) + \mathcal{L}(x_n) + \mathcal{L}(y_n)
        \quad\text{over labelled rows, and}\quad \mathcal{L}(x_n) \text{ for the others}

    .. math:: \mathcal{L}(x, y) = E_{q(z | x, y)}\big[\log p(x \mid z) + \lambda \log p(y \mid z)\big]
        - \mathrm{KL}\big(q(z \mid x, y) \,\|\, p(z)\big), \quad\text{and alike for } x \text{ and } y \text{ alone}

    Each bound has a draw of its own. Of a row that knows some of its labels, y are those. **What is reported as a bound
    is one**: of log p(x, y) on labelled rows, of log p(x) on the others, with :math:`\lambda = 1`; with labels withheld
    the loss, too, is the plain negative bound of log p(x).

    The model is a :class:`~pellucid.models.LatentModel` and the guide a :class:`~pellucid.guides.Guide`, whose
    posterior can be called with None in the place of the image.

    Args:
        label_weight: lambda, the weight of log p(y | z); a :class:`~pellucid.schedules.Schedule` moves it.
        site: the label site.
        num_particles: as in :class:`ELBO`.

    References:
        Wu and Goodman, "Multimodal generative models for scalable weakly-supervised learning" (arXiv 1802.05335), eqs.
        3 and 4.

    Example:
        >>> from pellucid import data, zoo
        >>> pair = zoo.mvae(data.digits(labels=0.1), dim=4)
        >>> x, y = torch.rand(8, 1, 8, 8), torch.arange(8)
        >>> sorted(pair(x, y).likelihood)
        ['x', 'y']
    """

    label_weight: Tensor

    def __init__(self, label_weight: float | Schedule = 1.0, *, site: str = "y", num_particles: int = 1):
        super().__init__(num_particles=num_particles)
        scheduled(self, "label_weight", label_weight)
        self.site = site

    def particle(self, model: nn.Module, guide: nn.Module, args: tuple[Tensor, Labels, Labels]) -> Terms:
        """The terms of one draw of each of the three."""
        x, y, labelled = args
        both = super().particle(model, guide, args)
        if (value := at_site(self.site, y)) is None:
            return both
        plain = without_factors(guide)
        image = super().particle(model, plain, (x, None, None))
        words = super().particle(labels_alone(model.prior), labels_alone(plain.posterior, None), args)
        known = at_site(self.site, labelled)
        rows = torch.ones_like(image.bound, dtype=torch.bool) if known is None else known.reshape(len(value), -1).any(1)
        more = (self.label_weight - 1) * (self.said(both) + self.said(words))
        return both._replace(loss=both.loss + words.loss - torch.where(rows, image.bound + more, 0.0).mean())

    def said(self, terms: Terms) -> Tensor:
        """Expected log p(y | z) of the labels that are known, ``[B]``: 0 where none is."""
        return terms.likelihood.get(self.site, 0.0) - terms.kl[self.site]


def labels_alone(program: Any, *image: None) -> Any:
    """A prior or a posterior in the plate of the rows, by itself: a model, or a guide, of labels without an image.

    Args:
        program: the prior or the posterior.
        image: what stands in the place of the image, if the program takes one.
    """

    def run(x: Tensor, y: Labels, labelled: Labels) -> Tensor:
        with pyro.plate("data", len(x), subsample=torch.arange(len(x), device=x.device), dim=-1):
            return program(*image, y, labelled)

    return run
