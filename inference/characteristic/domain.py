"""The bound of DIVA: labelled rows keep the posterior they have, and each label pulls its block to its own prior."""

import torch
from torch.distributions import kl_divergence

from ...distributions import elements
from ...networks import DiagonalLinear
from ...schedules import Schedule
from ..objective import Site
from .bound import CharacteristicBound
from .reading import LabelTerms, under_values
from .weighing import Weighed, summed_out

__all__ = ["DomainBound"]


class DomainBound(CharacteristicBound):
    r"""Evidence bound of DIVA: a known label does not tilt the posterior of the code.

    .. math:: \mathcal{L}(x, y) = E_{q(z | x)} \log p(x | z) - \mathrm{KL}(q(z_s | x) \| p(z_s))
        - \sum_i \mathrm{KL}\big(q(c_i | x) \| p(c_i | y_i)\big) + \log p(y)

    Labels that are not known are summed out as in :class:`CharacteristicBound`. The classifier of a known label plays
    no part in it: :class:`~pellucid.inference.Supervision` teaches it.

    Args:
        classifier: of the code, the guide's own.
        site: of the characteristic code.
        label: of the labels.
        kl_weight: as in :class:`~pellucid.inference.ELBO`.
        num_particles: as in :class:`~pellucid.inference.ELBO`.

    References:
        Ilse, Tomczak, Louizos, Welling, "DIVA: Domain Invariant Variational Autoencoders" (MIDL 2020), without domains.

    Example:
        >>> from pellucid import data, zoo
        >>> pair = zoo.diva(data.smiley(rows=50, labels=20, validation=10, test=10))
        >>> type(pair.objective).__name__
        'DomainBound'
    """

    def __init__(
        self,
        classifier: DiagonalLinear,
        *,
        site: str = "c",
        label: str = "y",
        kl_weight: float | Schedule = 1.0,
        num_particles: int = 1,
    ):
        super().__init__(classifier, site=site, label=label, kl_weight=kl_weight, num_particles=num_particles)

    def weighed(self, terms: LabelTerms, code: Site, prior: Site) -> Weighed:
        """Weights of 1 everywhere, and the closed divergence of a block whose label is known."""
        unknown, label = summed_out(terms)
        q = elements(code["fn"])
        own = under_values(elements(prior["fn"]), terms.labels, lambda p: kl_divergence(q, p))  # [V, B, G]
        known = terms.labels.known
        return Weighed(
            code=torch.where(known, terms.at_label(own), unknown).sum(-1),
            label=torch.where(known, -terms.at_label(terms.label), label).sum(-1),
        )
