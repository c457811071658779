"""The latent sites of a run's prior, each with its posterior's family and what it costs."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import torch
from pyro import poutine
from pyro.distributions import Unit

from ...distributions import elements
from ...inference import Run
from ...inference.evaluation import evaluating
from ...inference.objective import data_frame, random_sites

__all__ = ["SiteLine", "read_sites"]


@dataclass(frozen=True)
class SiteLine:
    """A latent site.

    Attributes:
        name: of the site.
        what: "label"; "latent"; or "of the data set", for one that no row has to itself.
        family: of its posterior.
        shape: of a value.
        kl: from its prior, mean of the validation rows at the last epoch, nats a row; None without a record.
    """

    name: str
    what: str
    family: str
    shape: tuple[int, ...]
    kl: float | None


def read_sites(run: Run, labels: Collection[str], history: list[dict[str, float]]) -> list[SiteLine]:
    """The sites in the order of the guide.

    Args:
        run: the run.
        labels: those of its sites that take labels.
        history: one dict an epoch.
    """
    x, last = run.split("test", 2).x.to(run.pair.device), history[-1] if history else {}
    with evaluating(run.pair), torch.random.fork_rng([]):
        trace = poutine.trace(run.pair.guide).get_trace(x)
    return [
        SiteLine(
            name,
            "label" if name in labels else "latent" if data_frame(site) is not None else "of the data set",
            family(site["fn"]),
            tuple(site["fn"].event_shape),
            last.get(f"validation/kl({name})"),
        )
        for name, site in random_sites(trace)
        if not isinstance(site["fn"], Unit)
    ]


def family(fn: Any) -> str:
    """What a posterior is called, whatever shapes it was given."""
    return type(elements(fn)).__name__
