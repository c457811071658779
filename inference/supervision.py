"""Supervision: what labelled rows teach a guide's classifier."""

from collections.abc import Mapping

import torch
from pyro.distributions import TorchDistribution
from torch import Tensor

from ..distributions import Clamped, Labels, known_part
from ..schedules import Schedule
from .across import across
from .factor import Factor

__all__ = ["Supervision"]


class Supervision(Factor):
    r"""Cross-entropy of a label site's classifier on the labelled rows, as a loss factor.

    .. math:: - \frac{1}{|\text{labelled}|} \sum_{n\ \text{labelled}} \log q(y_n | x_n)

    A bound alone teaches the classifier from unlabelled rows only: on labelled ones the label is known, and q(y | x)
    plays no part. This factor is the term that Kingma et al. add for it, averaged over the batch's rows that have a
    label (0 without any; the labels that a row is known to have are added up), in training those of all processes.

    Args:
        weight: alpha of the source, there relative to the sum over rows.
        site: label site, written with :func:`pellucid.guides.classify`.
        name: the factor's name; "supervision" for site "y" and "supervision(hat)" for another if omitted.

    References:
        Kingma, Mohamed, Rezende, Welling, Semi-supervised learning with deep generative models (arXiv 1406.5298), eq.
        9.

    Example:
        >>> from pyro.distributions import Categorical
        >>> y, known = torch.tensor([1, 0]), torch.tensor([True, False])
        >>> q = Clamped(Categorical(torch.tensor([[0.5, 0.5], [0.9, 0.1]])), y, known)
        >>> Supervision()({"y": q}, y, known).exp()  # one labelled row, at probability 1/2
        tensor(2.)
    """

    def __init__(self, weight: float | Schedule = 1.0, *, site: str = "y", name: str | None = None):
        super().__init__(name or ("supervision" if site == "y" else f"supervision({site})"), weight)
        self.site = site

    def forward(self, posterior: Mapping[str, TorchDistribution], y: Labels, labelled: Labels) -> Tensor:
        """Mean over labelled rows."""
        if self.site not in posterior:
            raise ValueError(
                f"factor '{self.name}': the guide has no site '{self.site}'; its sites are {sorted(posterior)}.\n"
                f"Try one of:\n- classify('{self.site}', ..., y, labelled) in the guide\n"
                "- site=... naming the label site"
            )
        q = known_part(posterior[self.site])
        if not isinstance(q, Clamped):  # a batch without labels
            return torch.zeros_like(self.weight)
        log_q, known = torch.where(q.known, self.log_likelihood(posterior, q), 0.0), q.known
        if self.training:  # as many rows are labelled as there are on all processes
            log_q, known = across(log_q), across(known)
        return -log_q.sum() / known.reshape(len(known), -1).any(1).sum().clamp(min=1)

    def log_likelihood(self, posterior: Mapping[str, TorchDistribution], q: Clamped) -> Tensor:
        """Log q(y | x), in the shape of the mask: of each row, or of each of its labels."""
        return q.base.log_prob(q.value)
