"""A further weight on what the code tells of the labels that are known."""

from collections.abc import Mapping

from pyro.distributions import TorchDistribution
from torch import Tensor

from ...distributions import Clamped, elements
from ...networks import DiagonalLinear
from ...schedules import Schedule
from ..supervision import Supervision
from .marginal import log_marginal

__all__ = ["LabelEvidence"]


class LabelEvidence(Supervision):
    r"""Minus log q(y | x) of the known labels, the code integrated out, as a loss factor.

    .. math:: - \frac{1}{|\text{labelled}|} \sum_{n\ \text{labelled}} \log E_{q(c | x_n)}\, q(y_n \mid c)

    The bound of CCVAE holds :math:`\log q(y | x)` once for every labelled row; this is the paper's option to have it
    :math:`1 + \alpha` times.

    Args:
        weight: alpha of the source times the share of rows with a label, the mean being one over these; more than that
            where some batches hold no label at all, and add 0.
        classifier: of the code, the guide's own.
        draws: None for quadrature.
        code: site of the characteristic code.
        site: label site.
        name: the factor's name.

    References:
        Joy et al., "Capturing Label Characteristics in VAEs" (ICLR 2021), the option alpha.

    Example:
        >>> import pyro.distributions as dist
        >>> classifier, y = DiagonalLinear(2), torch.tensor([[1.0, 0.0]])
        >>> c = dist.Normal(torch.zeros(1, 2), torch.ones(1, 2)).to_event(1)
        >>> q = Clamped(dist.Bernoulli(torch.full((1, 2), 0.9)).to_event(1), y, torch.tensor([True]))
        >>> LabelEvidence(1.0, classifier)({"c": c, "y": q}, y, None).exp().round()  # two labels, each even
        tensor(4., grad_fn=<RoundBackward0>)
    """

    def __init__(
        self,
        weight: float | Schedule,
        classifier: DiagonalLinear,
        *,
        draws: int | None = None,
        code: str = "c",
        site: str = "y",
        name: str = "label_evidence",
    ):
        super().__init__(weight, site=site, name=name)
        self.classifier, self.draws, self.code = classifier, draws, code

    def log_likelihood(self, posterior: Mapping[str, TorchDistribution], q: Clamped) -> Tensor:
        """Log q(y | x), in the shape of the mask."""
        y, classes = q.value.reshape(len(q.value), -1).long(), posterior[self.site].event_shape == ()
        log_q = log_marginal(self.classifier, elements(posterior[self.code]), y, self.draws, classes=classes)
        return log_q.sum(-1) if q.known.dim() == 1 else log_q
