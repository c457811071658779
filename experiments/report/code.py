"""The code: the latent site that the decoder draws images from, as arrays over the rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyro.distributions as dist
import torch
from torch import Tensor
from torch.distributions import Independent, MixtureSameFamily, Normal

from ...distributions import SpikeAndSlab
from ...inference import Run

__all__ = ["Code", "find_code"]


@dataclass(frozen=True)
class Code:
    """A site's posterior over N rows and D dimensions.

    Attributes:
        site: its name.
        family: of its posterior.
        marginal: of each dimension in each row, batch ``[N, D]``; a mixture over vectors as it is, event ``[D]``.
        gate: ``[N, D]``, probability that a dimension is on; None for a dense code.
        z: ``[N, D]``, the code of each row: the posterior mean; of a sparse code, the slab's mean where the gate is
            above 1/2, and zero elsewhere.
    """

    site: str
    family: str
    marginal: Any
    gate: Tensor | None
    z: Tensor

    @property
    def closed(self) -> bool:
        """Whether a dimension is a weighted sum of Normals, maybe with an atom: its information is then exact."""
        q = self.marginal
        part = q.component_distribution if isinstance(q, MixtureSameFamily) else q
        # the base of a transformed distribution, such as a LogNormal's, is not the distribution
        return isinstance(part.base_dist if isinstance(part, Independent) else part, Normal | SpikeAndSlab)

    def name(self, j: int) -> str:
        """Dimension j, as the page calls it: "z3"; "style[3]" for a site with a longer name."""
        return f"{self.site}{j}" if len(self.site) == 1 else f"{self.site}[{j}]"


def find_code(run: Run, posterior: Mapping[str, Any]) -> Code | None:
    """The first site of real vectors that the run's decoder takes; None if there is none.

    Args:
        run: whose decoder is tried.
        posterior: site -> q(site | x), batch ``[N]``.
    """
    for site, q in posterior.items():
        if len(q.event_shape) == 1:
            code = read(site, q)
            if decodes(run, code.z[:2]):
                return code
    return None


def read(site: str, q: Any) -> Code:
    """The arrays of a site."""
    independent = isinstance(q, Independent) and q.base_dist.event_shape == ()
    base = q.base_dist if independent else None
    family = type(base if base is not None else q).__name__
    gate = getattr(base, "gate", None)
    mean, scale = moments(q)
    if gate is None:
        whole = q if isinstance(q, MixtureSameFamily) else dist.Normal(mean, scale)
        return Code(site, family, base if base is not None else whole, None, mean)
    return Code(site, family, base, gate, torch.where(gate > 0.5, mean / gate.clamp(min=0.5), 0.0))


def moments(q: Any) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation ``[N, D]``, from the family's formulas or else from 200 draws."""
    try:
        mean, variance = q.mean, q.variance
        if mean.isfinite().all() and variance.isfinite().all():
            return mean.float(), variance.float().clamp(min=1e-12).sqrt()
    except NotImplementedError:
        pass
    draws = q.sample((200,)).float()
    return draws.mean(0), draws.std(0).clamp(min=1e-6)


def decodes(run: Run, z: Tensor) -> bool:
    """Whether the decoder takes such codes and gives images of the data's shape."""
    try:
        return run.decode(z).shape == (len(z), *run.data.shape)
    except (AttributeError, IndexError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return False
