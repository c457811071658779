"""Exact expectations over the discrete sites that a guide enumerates."""

import torch
from torch import Tensor

from .sites import Site, log_prob

__all__ = ["Enumeration"]


class Enumeration:
    r"""The joint law of the guide's enumerated sites, and expectations under it.

    .. math:: E_q[f] = \sum_k q(k)\, f_k, \qquad 0 \cdot f_k = 0 \text{ whatever } f_k

    Args:
        posterior: the guide's sites by name.
        nesting: plates nested in the model; dimensions to their left are enumerated.
    """

    def __init__(self, posterior: dict[str, Site], nesting: int):
        self.nesting = nesting
        self.names = {name for name, site in posterior.items() if site["infer"].get("_enumerate_dim") is not None}
        for name in self.names:
            plates = [frame.name for frame in posterior[name]["cond_indep_stack"]]
            if len(plates) > 1:
                raise ValueError(
                    f"site '{name}': a site can be summed out inside one plate; this one is inside {plates}.\n"
                    "Try one of:\n- one site per index of the inner plate\n"
                    "- an event dimension in place of the inner plate"
                )
        log_weight = sum(log_prob(posterior[name]) for name in sorted(self.names))
        self.weight = log_weight.exp() if isinstance(log_weight, Tensor) else None

    def mean(self, term: Tensor) -> Tensor:
        """Expectation of ``term`` ``[enumerated..., 1..., rows]`` over its enumerated dimensions: ``[rows]``."""
        leading = term.dim() - self.nesting
        if self.weight is not None and leading > 0:
            term = torch.where(self.weight > 0, term, 0.0)
            term = (self.weight * term).sum(tuple(range(term.dim() - self.nesting)))
        return term.reshape(-1)
