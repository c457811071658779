"""A classifier and a code that are both read off the image alone."""

import pyro
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor, nn

from ..distributions import Labels
from .classify import classify
from .mixture import class_site
from .posteriors import NormalPosterior

__all__ = ["IndependentPosterior"]


class IndependentPosterior(NormalPosterior):
    r"""q(y | x) q(z | x): the class is summed out where it is not known, and the code knows nothing of it.

    The code and its divergence are computed once a row, not once a class: cheaper than
    :class:`~pellucid.guides.M2Posterior`, and a looser bound wherever the true posterior of the code hangs on the
    class.

    Args:
        encoder: maps ``[B, C, H, W]`` to features ``[B, F]``; has the attribute ``out_features`` F.
        classes: K.
        dim: dimensions D of the code.
        classifier: maps ``[B, C, H, W]`` to logits ``[B, K]``; a linear head on the encoder if omitted.
        clamp: whether q(y | x) takes the known labels; without it they are shown to loss factors only, as
            :class:`~pellucid.models.annotated.AnnotatedPrior` wants it.

    Raises:
        ValueError: when it is run, if the classifier does not give K logits.

    References:
        Feng et al., "SHOT-VAE: Semi-supervised deep generative models with label-aware ELBO approximations" (AAAI 2021,
        arXiv 2011.10684).

    Example:
        >>> import torch
        >>> from pellucid.networks import MLPEncoder
        >>> posterior = IndependentPosterior(MLPEncoder((1, 8, 8)), classes=10, dim=4)
        >>> with pyro.plate("data", 3):
        ...     posterior(torch.rand(3, 1, 8, 8)).shape
        torch.Size([3, 4])
    """

    def __init__(
        self, encoder: nn.Module, classes: int, dim: int, classifier: nn.Module | None = None, *, clamp: bool = True
    ):
        super().__init__(encoder, dim)
        self.classes, self.clamp, self.on_features = classes, clamp, classifier is None
        self.classifier = nn.Linear(self.loc.in_features, classes) if classifier is None else classifier

    def label(self, x: Tensor, h: Tensor) -> TorchDistribution:
        """q(y | x) from images ``[B, C, H, W]`` and their features ``[B, F]``."""
        return class_site(self.classifier(h if self.on_features else x), len(x), self.classes)

    def forward(self, x: Tensor, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample the label site "y" and site "z" ``[B, D]``."""
        h = self.encoder(x)
        classify("y", self.label(x, h), y, labelled, clamp=self.clamp)
        return pyro.sample("z", self.from_features(h))
