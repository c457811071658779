"""The code: what the decoder draws images from, one latent site or several joined, as arrays over the rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import pyro.distributions as dist
import torch
from torch import Tensor
from torch.distributions import Independent, MixtureSameFamily, Normal

from ...distributions import SpikeAndSlab
from ...inference import Run
from .joined import joined, sites_joined

__all__ = ["Code", "find_code"]


@dataclass(frozen=True)
class Code:
    """A posterior over N rows and D dimensions: of one site, of several joined, or of a function of sites.

    Attributes:
        site: its name; of several, all names; "code" for a function of sites.
        family: of its posterior; "drawn" for a function of sites.
        marginal: of each dimension in each row, batch ``[N, D]``; a mixture over vectors as it is, event ``[D]``; of a
            code known by draws, a Normal of their mean and spread.
        gate: ``[N, D]``, probability that a dimension is on; None for a dense code.
        z: ``[N, D]``, the code of each row: the posterior mean; of a sparse code, the slab's mean where the gate is
            above 1/2, and zero elsewhere.
        parts: the codes of its sites, in the decoder's order; none for a site by itself.
        draws: ``[S, N, D]``, where they are all that is known; None where the posterior has a density.
    """

    site: str
    family: str
    marginal: Any
    gate: Tensor | None
    z: Tensor
    parts: "tuple[Code, ...]" = ()
    draws: Tensor | None = None

    @property
    def each(self) -> "tuple[Code, ...]":
        """The codes of single sites."""
        return self.parts or (self,)

    @property
    def closed(self) -> bool:
        """Whether a dimension is a weighted sum of Normals, maybe with an atom: its information is then exact."""
        if self.draws is not None:
            return False
        q = self.marginal
        part = q.component_distribution if isinstance(q, MixtureSameFamily) else q
        # the base of a transformed distribution, such as a LogNormal's, is not the distribution
        return isinstance(part.base_dist if isinstance(part, Independent) else part, Normal | SpikeAndSlab)

    @property
    def gated(self) -> np.ndarray:
        """``[D]`` booleans, which dimensions have a gate; that of a Normal beside them is 1 and none of its own."""
        return np.concatenate([np.full(part.z.shape[1], part.gate is not None) for part in self.each])

    @property
    def gates(self) -> Tensor | None:
        """``[N, G]``, the gates of the dimensions that have one; None for a dense code."""
        return None if self.gate is None else self.gate[:, torch.from_numpy(self.gated)]

    def name(self, j: int) -> str:
        """Dimension j, as the page calls it: "z3"; "style[3]" for a site with a longer name."""
        for part, end in zip(self.each, accumulate(part.z.shape[1] for part in self.each), strict=True):
            if j < end:
                own = j - end + part.z.shape[1]
                return f"{part.site}{own}" if len(part.site) == 1 else f"{part.site}[{own}]"
        raise IndexError(f"dimension {j} of {self.z.shape[1]}")


def find_code(run: Run, posterior: Mapping[str, Any]) -> Code | None:
    """The site of real vectors that the run's model decodes, or else all of them joined; None if it does neither.

    Args:
        run: whose model is asked.
        posterior: site -> q(site | x), batch ``[N]``.
    """
    codes = {
        site: read(site, q)
        for site, q in posterior.items()
        if len(q.event_shape) == 1 and not getattr(q, "base_dist", q).has_enumerate_support
    }
    for site, code in codes.items():
        if sites_joined(run, [site]):
            return code
    exact = [site for site, code in codes.items() if isinstance(code.marginal, Normal | SpikeAndSlab)]
    return join([codes[site] for site in sites_joined(run, exact)])


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


def join(parts: list[Code]) -> Code | None:
    """One code of several, all of Normals and spike-and-slabs; None of none."""
    if not parts:
        return None
    marginal = joined([part.marginal for part in parts])
    return Code(
        site=", ".join(part.site for part in parts),
        family=", ".join(part.family for part in parts),
        marginal=marginal,
        gate=marginal.gate if isinstance(marginal, SpikeAndSlab) else None,
        z=torch.cat([part.z for part in parts], -1),
        parts=tuple(parts),
    )


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
