"""The posterior of a mixture: a classifier, and a Normal for each class it may say."""

from typing import cast

import pyro
import pyro.distributions as dist
import torch
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor, nn
from torch.nn.functional import softplus

from ..distributions import EPS, Labels
from ..program import Program
from .classify import classify

__all__ = ["MixturePosterior"]


class MixturePosterior(Program):
    r"""q(y | x) q(z | x, y): a classifier, and K heads on one trunk, all of them computed at once.

    .. math:: q(y \mid x) = \text{softmax}(c(x)), \qquad q(z \mid x, y = k) = N\big(m_k(x), v_k(x)\big)

    The label is summed out where it is not known. To draw it instead, and decode once and not K times, is a matter of
    the objective: :class:`~pellucid.inference.MixtureBound`.

    Args:
        encoder: maps ``[B, C, H, W]`` to features ``[B, F]``; has the attribute ``out_features`` F.
        classes: K.
        dim: latent dimensions D.
        classifier: maps ``[B, C, H, W]`` to logits ``[B, K]``; a linear head on the encoder if omitted.

    Raises:
        ValueError: when it is run, if the classifier does not give K logits.

    References:
        An, Choi, Jeon, "EXoN: EXplainable encoder Network" (arXiv 2105.10867).

    Example:
        >>> from pellucid.networks import MLPEncoder
        >>> posterior = MixturePosterior(MLPEncoder((1, 8, 8)), classes=10, dim=2)
        >>> posterior.components(torch.rand(3, 1, 8, 8)).batch_shape  # of every class, for V-nat
        torch.Size([3, 10])
        >>> with pyro.plate("data", 3):
        ...     posterior(torch.rand(3, 1, 8, 8)).shape
        torch.Size([3, 2])
    """

    def __init__(self, encoder: nn.Module, classes: int, dim: int, classifier: nn.Module | None = None):
        super().__init__()
        features = cast(int, encoder.out_features)
        self.encoder, self.classes, self.on_features = encoder, classes, classifier is None
        self.classifier = nn.Linear(features, classes) if classifier is None else classifier
        self.loc, self.scale = nn.Linear(features, classes * dim), nn.Linear(features, classes * dim)

    def components(self, x: Tensor) -> TorchDistribution:
        """q(z | x, y) of every class: batch ``[B, K]``, event ``[D]``."""
        return self.from_features(self.encoder(x))

    def from_features(self, h: Tensor) -> TorchDistribution:
        """The same from the encoder's features ``[B, F]``."""
        loc, scale = self.loc(h), softplus(self.scale(h)) + EPS
        loc, scale = (each.unflatten(-1, (self.classes, -1)) for each in (loc, scale))
        return dist.Normal(loc, scale).to_event(1)

    def label(self, x: Tensor, h: Tensor) -> TorchDistribution:
        """q(y | x) from images ``[B, C, H, W]`` and their features ``[B, F]``."""
        return class_site(self.classifier(h if self.on_features else x), len(x), self.classes)

    def forward(self, x: Tensor, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample the label site "y", summed out where it is not known, and site "z" ``[B, D]``."""
        h = self.encoder(x)
        y = classify("y", self.label(x, h), y, labelled)
        each = self.from_features(h).base_dist
        return pyro.sample("z", dist.Normal(of_class(each.loc, y), of_class(each.scale, y)).to_event(1))


def class_site(logits: Tensor, rows: int, classes: int) -> TorchDistribution:
    """q(y | x) from a classifier's logits ``[B, K]``.

    Raises:
        ValueError: if there are not as many logits as classes.

    Example:
        >>> class_site(torch.zeros(3, 2), 3, 2).probs[0]
        tensor([0.5000, 0.5000])
    """
    if logits.shape != (rows, classes):
        raise ValueError(
            f"classifier: expected logits [{rows}, {classes}], one for each class; given {list(logits.shape)}.\n"
            f"Try one of:\n- a last layer of {classes} outputs\n- classifier=None, a head on the encoder"
        )
    return dist.Categorical(logits=logits)


def of_class(each: Tensor, y: Tensor) -> Tensor:
    """What belongs to class y: from ``[B, K, D]`` the rows ``[B, D]`` for labels ``[B]``, ``[K, B, D]`` for ``[K, 1]``.

    Example:
        >>> each = torch.arange(4.0).reshape(2, 2, 1)
        >>> of_class(each, torch.tensor([1, 0])).T, of_class(each, torch.tensor([[0], [1]]))[..., 0]
        (tensor([[1., 2.]]), tensor([[0., 2.],
                [1., 3.]]))
    """
    y = y.long()
    chosen = torch.take_along_dim(each.movedim(1, 0), y.reshape(-1, y.shape[-1], 1), 0)
    return chosen.reshape(*torch.broadcast_shapes(y.shape, each.shape[:1]), -1)
