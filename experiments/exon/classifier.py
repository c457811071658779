"""A classifier and nothing else, as a pair: what EXoN's classifier makes of the same labels without an autoencoder."""

from collections.abc import Sequence

import pyro
import pyro.distributions as dist
import torch
from torch import Tensor, nn

from ...data import recorded
from ...distributions import Labels
from ...guides import Guide, classify
from ...inference import ELBO, Factor, Pair, Supervision
from ...models import label
from ...program import Program
from ...schedules import Schedule
from ...zoo.classifiers import Classifier, named_classifier
from ...zoo.few_labels import AugmentationName, interpolating, require_classes
from ...zoo.parts import Labelled, Network

__all__ = ["LabelModel", "LabelPosterior", "classifier"]


@recorded
def classifier(
    data: Labelled,
    *,
    supervision: float | Schedule = 1.0,
    interpolation: float | Schedule = 0.0,
    taught: float | Schedule | None = None,
    lag: float = 0.0,
    augmentation: AugmentationName = "none",
    classifier: Classifier | nn.Module = "conv",
    factors: Sequence[Factor] = (),
    network: Network = "mlp",
    hidden: Sequence[int] = (256, 128),
    channels: Sequence[int] | None = None,
) -> Pair:
    r"""A classifier as a pair: the label is the only site, and loss factors alone teach it.

    .. math:: y \sim \tfrac1K, \qquad q(y \mid x) = \pi(x), \qquad
        \text{loss} = \text{supervision} \cdot \mathrm{CE} + \text{interpolation} \cdot \mathrm{SCI}

    The divergence of :math:`\pi` from the prior is counted, as KL1, and weighs nothing.

    Args:
        data: the data set; with classes.
        supervision: weight of the cross-entropy on labelled rows.
        interpolation: weight of mixed images told as mixed labels; 0 for none.
        taught: weight of mixed images without label beside 1 for those with; EXoN's ramp if omitted; 0 leaves the
            labelled ones, which are hardly mixed: augmentation alone.
        lag: of the teacher, as in :func:`~pellucid.zoo.exon`.
        augmentation: of mixed images: "none", "digits" or "photos", as in :func:`~pellucid.zoo.exon`.
        classifier: "network", "small", "conv", "deep", "wide" or a module, as in :func:`~pellucid.zoo.exon`.
        factors: further loss factors.
        network: what "network" is: "mlp", "conv" or "recurrent".
        hidden: widths of that, if an "mlp", or of a recurrent state last.
        channels: of that, if a "conv".

    Raises:
        ValueError: if the data have attributes in place of classes, or a class of which no row is labelled.

    Example:
        >>> from pellucid import data
        >>> pair = classifier(data.digits(labels=100))
        >>> terms = pair(torch.rand(4, 1, 8, 8), torch.tensor([2, 0, 0, 7]), torch.tensor([True, False, False, True]))
        >>> bool(terms.loss == terms.factors["supervision"])
        True
    """
    require_classes(data)
    count = len(data.classes)
    logits = named_classifier(classifier, data.shape, count, network=network, hidden=hidden, channels=channels)
    told = {"taught": taught, "end": 0.1, "augmentation": augmentation, "lag": lag}
    mixed = interpolating(interpolation, data.shape, **told)
    return Pair(
        LabelModel(count, data.n_data),
        Guide(LabelPosterior(logits), data.n_data),
        [Supervision(supervision), *mixed, *factors],
        ELBO(kl_weight=0.0),
    )


class LabelModel(Program):
    """A label for each row, every class as likely as the others; images play no part.

    Args:
        classes: K.
        n_data: rows in the training set.

    Example:
        >>> LabelModel(3, n_data=100)(torch.rand(2, 1, 8, 8), torch.tensor([2, 0]))
        tensor([2, 0])
    """

    logits: Tensor

    def __init__(self, classes: int, n_data: int):
        super().__init__()
        self.n_data = n_data
        self.register_buffer("logits", torch.zeros(classes))

    def forward(self, x: Tensor, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample the label site "y" ``[B]`` for images ``[B, C, H, W]``."""
        rows = torch.arange(len(x), device=x.device)
        with pyro.plate("data", max(self.n_data, len(x)), subsample=rows, dim=-1):
            return label("y", dist.Categorical(logits=self.logits), y, labelled)


class LabelPosterior(Program):
    """q(y | x), a classifier.

    Args:
        classifier: maps ``[B, C, H, W]`` to logits ``[B, K]``.

    Example:
        >>> posterior = LabelPosterior(nn.Sequential(nn.Flatten(), nn.Linear(64, 3)))
        >>> with pyro.plate("data", 2):
        ...     posterior(torch.rand(2, 1, 8, 8), torch.tensor([2, 0]))
        tensor([2, 0])
    """

    def __init__(self, classifier: nn.Module):
        super().__init__()
        self.classifier = classifier

    def forward(self, x: Tensor, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample the label site "y"."""
        return classify("y", dist.Categorical(logits=self.classifier(x)), y, labelled)
