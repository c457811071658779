"""The posterior of MVAE: a product of experts, one for the image and one for every label that is known."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pyro
import pyro.distributions as dist
import torch
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor, nn
from torch.nn.functional import one_hot, softplus

from ..distributions import Labels, RelaxedBinary, at_site, marginal_logit
from ..program import Program
from .classify import classify

__all__ = ["MVAEPosterior"]

DRAWS = 256  # for the classes of one row; a probability's standard error is at most .03


class MVAEPosterior(Program):
    r"""q(z | what is known): every view of a row that is there has a say, in proportion to its precision.

    .. math:: q(z \mid x, y_K) \propto p(z)\, q(z \mid x) \prod_{i \in K} q(z \mid y_i), \qquad
        q(z \mid \cdot) = N(\mu, 1 / \lambda), \qquad
        \lambda = 1 + \lambda_x + \sum_{i \in K} \lambda_{y_i}, \quad
        \lambda \mu = \lambda_x \mu_x + \sum_{i \in K} \lambda_{y_i} \mu_{y_i}

    The expert of the image is an encoder with two heads; every value of every label has a learned expert of its own.
    Rows may know all, some or none of their labels. Labels that are not known follow the model's own p(y | z) and thus
    cost nothing: :math:`\log q(y | z) - \log p(y | z) = 0`. Nothing reads them in training, where binary ones stand at
    their probabilities; in evaluation mode they are drawn.

    Args:
        encoder: maps ``[B, C, H, W]`` to features ``[B, F]``; has the attribute ``out_features`` F.
        labels: L binary labels, or K classes.
        dim: dimensions D of the code.
        classifier: the model's own layer from codes to logits ``[B, L]`` or ``[B, K]``.
        categorical: whether the label is one of K classes.

    References:
        Wu and Goodman, "Multimodal generative models for scalable weakly-supervised learning" (arXiv 1802.05335), eq. 5
        and the product of Normal experts.

    Example:
        >>> from pellucid.networks import MLPEncoder
        >>> posterior = MVAEPosterior(MLPEncoder((1, 8, 8)), labels=3, dim=4, classifier=nn.Linear(4, 3))
        >>> y, known = torch.ones(5, 3), torch.tensor([[True, True, False]] * 5)
        >>> bool((posterior.given(None, y, known).variance < posterior.given(None).variance).all())
        True
    """

    def __init__(self, encoder: nn.Module, labels: int, dim: int, classifier: nn.Module, *, categorical: bool = False):
        super().__init__()
        features = cast(int, encoder.out_features)
        self.encoder, self.classifier, self.classes = encoder, classifier, labels if categorical else None
        self.loc, self.precision = nn.Linear(features, dim), nn.Linear(features, dim)
        # Together the labels of a row begin as an expert of precision 1.
        values, start = (labels, 1.0) if categorical else (2 * labels, 1 / labels)
        self.table = nn.Parameter(torch.zeros(2, values, dim))
        nn.init.constant_(self.table[1], math.log(math.expm1(start)))

    def given(self, x: Tensor | None, y: Labels = None, labelled: Labels = None) -> Any:
        """The product of the prior and the experts of what is known: batch ``[B]``, event ``[D]``.

        Args:
            x: ``[B, C, H, W]``, or None if the image is not known.
            y: ``[B]`` classes or ``[B, L]``; slots where not ``labelled`` may hold anything.
            labelled: boolean ``[B]`` or ``[B, L]``; None if all are known.

        Returns:
            An independent Normal. Of batch ``[1]`` if neither image nor labels are given.
        """
        table = self.table
        precision, weighted = table.new_ones(1, table.shape[-1]), table.new_zeros(1, table.shape[-1])
        if x is not None:
            h = self.encoder(x)
            own = softplus(self.precision(h))
            precision, weighted = precision + own, weighted + own * self.loc(h)
        if (value := at_site("y", y)) is not None:
            said, own = self.said(value, at_site("y", labelled)).to(table), softplus(table[1])
            precision, weighted = precision + said @ own, weighted + said @ (own * table[0])
        return dist.Normal(weighted / precision, precision.rsqrt()).to_event(1)

    def said(self, y: Tensor, labelled: Tensor | None) -> Tensor:
        """Which label values are known to hold, ``[B, K]`` or ``[B, 2 L]``: zeros first, then ones."""
        known = torch.ones_like(y, dtype=torch.bool) if labelled is None else labelled
        known = known.reshape(known.shape + (1,) * (2 - known.dim()))
        if self.classes is not None:
            return known & (one_hot(torch.where(known[:, 0], y, 0).long(), self.classes) > 0)
        return torch.cat([known & (y < 0.5), known & (y > 0.5)], 1)

    def label(self, z: Tensor) -> TorchDistribution:
        """p(y | z), the model's own: event ``[L]``, or a class."""
        logits = self.classifier(z)
        if self.classes is not None:
            return dist.Categorical(logits=logits)
        return (Undrawn(logits, 1.0) if self.training else RelaxedBinary(logits)).to_event(1)

    def label_marginals(self, posterior: Mapping[str, Any]) -> dict[str, TorchDistribution]:
        r"""q(y | x) :math:`= E_{q(z | x)}\, p(y \mid z)`, batch ``[B]``, from the guide's distributions.

        Logits are Normal: of binary labels the integral over each is exact. Those of classes depend on one another;
        their probabilities are means over 256 draws.

        Args:
            posterior: site -> its distribution in the guide.
        """
        q = posterior["z"]
        if self.classes is not None:
            return {"y": dist.Categorical(probs=self.classifier(q.rsample((DRAWS,))).softmax(-1).mean(0))}
        weight = cast(Tensor, self.classifier.weight)
        loc, scale = self.classifier(q.mean), (q.variance @ weight.square().T).sqrt()
        return {"y": dist.Bernoulli(logits=marginal_logit(loc, scale)).to_event(1)}

    def forward(self, x: Tensor | None, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample site "z" ``[B, D]`` given what is known, and the label site "y"; the code."""
        z = pyro.sample("z", self.given(x, y, labelled))
        classify("y", self.label(z), y, labelled)
        return z


class Undrawn(RelaxedBinary):
    """Binary labels that stand at their probabilities.

    Compilers leave out a random draw that nothing reads, and all later draws would then differ from the pair's own.
    """

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """The probabilities, ``sample_shape + batch_shape``."""
        return self.logits.sigmoid().expand(self._extended_shape(torch.Size(sample_shape)))
