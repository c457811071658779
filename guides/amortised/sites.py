"""The latent sites of a model, as one run of its prior shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from pyro import poutine
from pyro.distributions import Categorical
from pyro.poutine.util import site_is_subsample
from torch import Tensor

__all__ = ["LatentSite", "find_sites"]

ROWS = 2


@dataclass(frozen=True)
class LatentSite:
    """A latent site of a prior.

    Attributes:
        name: of the site.
        fn: its distribution in a run of two rows; None once its head is built.
        event_shape: of a value.
        classes: how many values it has, for a scalar site of classes; None for another.
        plates: the plates it is in beside "data": name, size, dimension; from the outermost.
        shared: whether it belongs to the data set and not to a row.
        label: whether it takes labels.
    """

    name: str
    fn: Any
    event_shape: torch.Size
    classes: int | None
    plates: tuple[tuple[str, int, int], ...]
    shared: bool
    label: bool


class Asked(dict[str, Tensor]):
    """Labels that know nothing, and remember what they were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        """Nothing."""
        self.names.add(key)
        return default


@torch.no_grad()
def find_sites(model: Any) -> list[LatentSite]:
    """The latent sites of a model's prior, in its order.

    The prior runs once, without data or labels. A site is a label's if :func:`pellucid.models.label` asks for its
    labels. Random numbers are left as they were.

    Args:
        model: a :class:`~pellucid.models.LatentModel`.

    Raises:
        ValueError: if the prior cannot run without labels, or has no latent site.

    Example:
        >>> from pellucid import data, zoo
        >>> [(site.name, site.label) for site in find_sites(zoo.m2(data.digits(), dim=4).model)]
        [('y', True), ('z', False)]
    """
    asked, device = Asked(), model.device
    kept = [device] if device.type == "cuda" and torch.cuda.is_available() else []  # a fake device has no generator
    with torch.random.fork_rng(kept), poutine.trace() as seen:
        try:
            with model.code(None, asked, rows=ROWS):
                pass
        except (TypeError, IndexError, RuntimeError, AttributeError, KeyError) as error:
            raise ValueError(
                f"model: its prior {type(model.prior).__name__} does not run without labels, on {ROWS} rows: {error}.\n"
                'Try one of:\n- y = label("y", ..., y, labelled) in the prior, the one way to write a label site\n'
                "- a posterior program of your own, in Guide(posterior, n_data)"
            ) from error
    nodes: Mapping[str, Any] = seen.trace.nodes
    sites = [found(name, site, asked) for name, site in nodes.items() if latent(site)]
    if not sites:
        raise ValueError(
            f"model: its prior {type(model.prior).__name__} has no latent site.\n"
            'Try one of:\n- pyro.sample("z", ...) in the prior\'s forward'
        )
    return sites


def latent(site: Any) -> bool:
    """Whether the site of a trace is latent: sampled, not observed, and no plate's choice of rows."""
    return site["type"] == "sample" and not site["is_observed"] and not site_is_subsample(site)


def found(name: str, site: Any, asked: Asked) -> LatentSite:
    """What a trace says of a site."""
    frames = sorted((frame for frame in site["cond_indep_stack"] if frame.vectorized), key=lambda frame: frame.dim)
    inner = tuple((frame.name, frame.size, frame.dim) for frame in frames if frame.name != "data")
    shared = all(frame.name != "data" for frame in frames)
    fn = site["fn"]
    classes = int(fn.logits.shape[-1]) if isinstance(fn, Categorical) else None
    return LatentSite(name, fn, fn.event_shape, classes, inner, shared, name in asked.names)
