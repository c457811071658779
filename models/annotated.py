"""A label that nobody sees, and an annotation of it that is wrong now and then."""

import math

import pyro
import pyro.distributions as dist
import torch
from torch import Tensor

from ..distributions import Labels, PartlyObserved, at_site
from .label import label
from .m2 import M2Prior

__all__ = ["AnnotatedPrior"]


class AnnotatedPrior(M2Prior):
    r"""p(y) p(a | y) p(z): the class and the code of M2, and a noisy annotation of the class.

    .. math:: y \sim \pi, \qquad z \sim N(0, I), \qquad
        p(a \mid y) = \begin{cases} 1 - \epsilon & a = y \\ \epsilon / (K - 1) & a \ne y \end{cases}

    What a labelled row shows is the annotation, site "annotation"; the class, site "y", is latent in every row. A bound
    on log p(x, a) under a guide q(y | x) that does not clamp then has the label's prediction in it. For equal class
    frequencies,

    .. math:: E_{q(y | x)} \log p(a \mid y) - \mathrm{KL}\big(q(y \mid x) \,\|\, p(y)\big)
        = -\mathrm{KL}\big(q(y \mid x) \,\|\, p(\cdot \mid a)\big) - \log K,

    the divergence from a one-hot label smoothed by :math:`\epsilon`: the smooth bound of SHOT-VAE. It is linear in q,

    .. math:: E_{q(y | x)} \log p(a \mid y)
        = \log(1 - \epsilon) - \big(1 - q(a \mid x)\big) \log\frac{(1 - \epsilon)(K - 1)}{\epsilon},

    which is no cross-entropy: the last factor, 9.1 nats for ten classes and :math:`\epsilon = .001`, is all that an
    annotation can be worth against an image that is more probable under another class. With :math:`\mathcal{L}_k` the
    bound on log p(x, y = k), the best q reaches

    .. math:: \max_q \mathcal{L} = \log \sum_k p(a \mid k)\, e^{\mathcal{L}_k}
        \longrightarrow \mathcal{L}_a \quad (\epsilon \to 0),

    the bound with the label clamped, while any other q that is not certain of a falls to :math:`-\infty`.

    Draws for given labels are of these very classes, the annotation taken at its word.

    Args:
        classes: K.
        dim: dimensions D of the code.
        smoothing: :math:`\epsilon`, how often an annotation is wrong; between 0 and :math:`(K - 1) / K`, where it
            tells nothing.
        frequency: ``[K]`` of the classes; equal ones if omitted.

    Raises:
        ValueError: if the smoothing is not in between, or frequencies are not as many probabilities as classes.

    References:
        Feng et al., "SHOT-VAE: Semi-supervised deep generative models with label-aware ELBO approximations" (AAAI 2021,
        arXiv 2011.10684): the smooth bound; the reading as an annotation is ours.

    Example:
        >>> from pyro import poutine
        >>> prior = AnnotatedPrior(10, 4)
        >>> with pyro.plate("data", 2), poutine.trace() as seen:
        ...     prior(torch.tensor([7, 0]), torch.tensor([True, False])).shape
        torch.Size([2, 14])
        >>> [name for name, site in seen.trace.nodes.items() if site["type"] == "sample"]
        ['y', 'annotation', 'z']
    """

    log_noise: Tensor

    def __init__(self, classes: int, dim: int, *, smoothing: float = 1e-3, frequency: Tensor | None = None):
        super().__init__(classes, dim, frequency=frequency, categorical=True)
        most = (classes - 1) / classes
        if not 0 < smoothing < most:
            raise ValueError(
                f"smoothing: expected a probability between 0 and {most:.3g}, at which an annotation tells nothing of "
                f"{classes} classes; given {smoothing}.\n"
                "Try one of:\n- smoothing=0.001, as in the source\n- M2Prior, which takes labels for certain"
            )
        log_noise = torch.full((classes, classes), math.log(smoothing / (classes - 1)))
        self.register_buffer("log_noise", log_noise.fill_diagonal_(math.log1p(-smoothing)))

    def sample_label(self, y: Labels, labelled: Labels) -> Tensor:
        """Sample the class, site "y", and where labels are given their site "annotation"."""
        given, known = at_site("y", y), at_site("y", labelled)
        if given is None:
            return super().sample_label(None, None)
        known = torch.ones_like(given, dtype=torch.bool) if known is None else known
        k = label("y", self.label(), given, known)
        annotation = dist.Categorical(logits=self.log_noise[k.long()]).mask(known)
        pyro.sample("annotation", annotation, obs=PartlyObserved(self.label(), given, known).value)
        return k
