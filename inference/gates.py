"""The gates that a loss factor works on: those of a spike-and-slab site of the guide."""

from collections.abc import Mapping
from typing import Any

from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor

from ..distributions import SpikeAndSlab

__all__ = ["gate_of", "gates_at"]


def gates_at(site: str, posterior: Mapping[str, TorchDistribution], factor: str) -> Tensor:
    """Probabilities ``[B, D]`` that the dimensions of a site are on.

    Args:
        site: latent site.
        posterior: latent site -> its distribution in the guide.
        factor: the name of the factor that asks.

    Raises:
        ValueError: if the site is missing, or is no spike-and-slab.

    Example:
        >>> q = SpikeAndSlab(torch.tensor([[0.9], [0.1]]), torch.zeros(2, 1), torch.ones(2, 1)).to_event(1)
        >>> gates_at("z", {"z": q}, "consistency").shape
        torch.Size([2, 1])
    """
    gate = gate_of(posterior.get(site))
    if gate is None:
        families = {name: type(getattr(d, "base_dist", d)).__name__ for name, d in posterior.items()}
        raise ValueError(
            f"factor '{factor}': expected a spike-and-slab posterior at site '{site}'; the guide's sites are "
            f"{families}.\n"
            "Try one of:\n- site=... naming the one that has gates\n- SpikeAndSlabPosterior as the guide"
        )
    return gate


def gate_of(q: Any) -> Tensor | None:
    """The gate of a spike-and-slab, bare or with its dimensions declared one event; None for another distribution."""
    while hasattr(q, "base_dist"):
        q = q.base_dist
    return q.gate if isinstance(q, SpikeAndSlab) else None
