"""The posterior of characteristic latents: each label is read off a block of its own."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import pyro
import pyro.distributions as dist
import torch
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor, nn
from torch.nn.functional import softplus

from ..distributions import EPS, Labels, categorical_label_marginal, marginal_logit
from ..networks import DiagonalLinear
from ..program import Program
from .classify import classify

__all__ = ["CharacteristicPosterior", "Features"]


class Features(nn.Identity):
    """Features that are there already, in the place of an encoder.

    Args:
        out_features: their number.

    Example:
        >>> Features(7).out_features
        7
    """

    def __init__(self, out_features: int):
        super().__init__()
        self.out_features = out_features


class CharacteristicPosterior(Program):
    r"""q(c | x) q(y | c) q(z | x): one encoder, and a classifier that sees of the image what the blocks hold.

    .. math:: q(c \mid x) = N(\mu(x), \sigma(x)^2), \qquad q(y \mid c) = \prod_i S(w_i \cdot c_i + b_i)^{y_i}
        S(-w_i \cdot c_i - b_i)^{1 - y_i}

    A categorical label has q(y | c) = softmax(w_k . c_k + b_k).

    Args:
        encoder: maps ``[B, C, H, W]`` to features ``[B, F]``; has the attribute ``out_features`` F.
        labels: L binary labels, or K classes.
        style: called with a module that hands the features on, gives the posterior of the style, such as ``lambda
            features: NormalPosterior(features, 27)``; None for no style.
        block: dimensions a label.
        categorical: whether the label is one of K classes.

    References:
        Joy et al., "Capturing Label Characteristics in VAEs" (ICLR 2021), section 4.

    Example:
        >>> from pellucid.guides import NormalPosterior
        >>> from pellucid.networks import MLPEncoder
        >>> posterior = CharacteristicPosterior(MLPEncoder((1, 8, 8)), 3, lambda features: NormalPosterior(features, 4))
        >>> with pyro.plate("data", 5):
        ...     posterior(torch.rand(5, 1, 8, 8)).shape
        torch.Size([5, 7])
    """

    def __init__(
        self,
        encoder: nn.Module,
        labels: int,
        style: Callable[[nn.Module], nn.Module] | None = None,
        *,
        block: int = 1,
        categorical: bool = False,
    ):
        super().__init__()
        features = cast(int, encoder.out_features)
        self.encoder, self.categorical = encoder, categorical
        self.loc, self.scale = nn.Linear(features, labels * block), nn.Linear(features, labels * block)
        self.classifier = DiagonalLinear(labels, block)
        self.style = None if style is None else style(Features(features))

    def from_features(self, h: Tensor) -> TorchDistribution:
        """q(c | x): batch ``[B]``, event ``[C]``, from the encoder's features ``[B, F]``."""
        return dist.Normal(self.loc(h), softplus(self.scale(h)) + EPS).to_event(1)

    def label(self, c: Tensor) -> TorchDistribution:
        """q(y | c): event ``[L]``, or a class."""
        logits = self.classifier(c)
        return dist.Categorical(logits=logits) if self.categorical else dist.Bernoulli(logits=logits).to_event(1)

    def label_marginals(self, posterior: Mapping[str, Any]) -> dict[str, TorchDistribution]:
        """q(y | x), by quadrature over the code.

        Args:
            posterior: has q(c | x) at "c".
        """
        q = posterior["c"].base_dist
        loc, scale = self.classifier(q.loc), self.classifier.spread(q.scale)
        if self.categorical:
            return {"y": dist.Categorical(logits=categorical_label_marginal(loc, scale))}
        return {"y": dist.Bernoulli(logits=marginal_logit(loc, scale)).to_event(1)}

    def forward(self, x: Tensor, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample sites "c" and "y" and those of the style; the code ``[B, C + S]``."""
        h = self.encoder(x)
        c = pyro.sample("c", self.from_features(h))
        classify("y", self.label(c), y, labelled)
        return c if self.style is None else torch.cat([c, self.style(h)], -1)
