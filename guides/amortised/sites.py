"""The latent sites of a model, as two runs of its prior show them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from pyro import poutine
from pyro.distributions import Categorical, Delta
from pyro.poutine.util import site_is_subsample
from torch import Tensor

from ...distributions import elements
from ...mode import evaluation_mode

__all__ = ["LatentSite", "find_sites", "nesting"]

ROWS = 16  # as many as show whether something differs from row to row


@dataclass(frozen=True)
class LatentSite:
    """A latent site of a prior.

    Attributes:
        name: of the site.
        base: its distribution in a run of a few rows, no dimension declared part of an event; None once its head is
            built.
        again: the same in another run.
        event_shape: of a value.
        classes: how many values it has, for a scalar site of classes; None for another.
        plates: the plates it is in beside "data": name, size, dimension; from the outermost.
        shared: whether it belongs to the data set and not to a row.
        label: whether it takes labels.
    """

    name: str
    base: Any
    again: Any
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


def find_sites(model: Any) -> list[LatentSite]:
    """The latent sites of a model's prior, in its order.

    The prior runs twice, in evaluation mode, without data or labels. A site is a label's if
    :func:`pellucid.models.label` asks for its labels. Random numbers are left as they were.

    Args:
        model: a :class:`~pellucid.models.LatentModel`.

    Raises:
        ValueError: if the prior cannot run without labels, has no latent site, one under ``poutine.mask``, or one that
            is a ``Delta``.

    Example:
        >>> from pellucid import data, zoo
        >>> [(site.name, site.label) for site in find_sites(zoo.m2(data.digits(), dim=4).model)]
        [('y', True), ('z', False)]
    """
    asked, device = Asked(), model.device
    kept = [device] if device.type == "cuda" and torch.cuda.is_available() else []  # a fake device has no generator
    with torch.random.fork_rng(kept), evaluation_mode(model):
        first, second = run(model, asked), run(model, asked)
    sites = [found(name, site, second[name], asked) for name, site in first.items()]
    if not sites:
        raise ValueError(
            f"model: its prior {type(model.prior).__name__} has no latent site.\n"
            'Try one of:\n- pyro.sample("z", ...) in the prior\'s forward'
        )
    return sites


def run(model: Any, asked: Asked) -> Mapping[str, Any]:
    """The latent sites of one run of the prior."""
    with poutine.trace() as seen:
        try:
            with model.code(None, asked, rows=ROWS):
                pass
        except (TypeError, IndexError, RuntimeError, AttributeError, KeyError) as error:
            raise ValueError(
                f"model: its prior {type(model.prior).__name__} does not run without labels, on {ROWS} rows: {error}.\n"
                'Try one of:\n- y = label("y", ..., y, labelled) in the prior, the one way to write a label site\n'
                "- a posterior program of your own, in Guide(posterior, n_data)"
            ) from error
    return {name: site for name, site in seen.trace.nodes.items() if latent(site)}


def latent(site: Any) -> bool:
    """Whether the site of a trace is latent: sampled, not observed, and no plate's choice of rows."""
    return site["type"] == "sample" and not site["is_observed"] and not site_is_subsample(site)


def found(name: str, site: Any, again: Any, asked: Asked) -> LatentSite:
    """What two traces say of a site."""
    fn = site["fn"]
    if isinstance(elements(fn), Delta):
        raise ValueError(
            f"site '{name}': a Delta is no latent; no density can meet it.\n"
            f"Try one of:\n- pyro.deterministic('{name}', ...)"
        )
    if site["mask"] is not None and site["mask"] is not True:
        raise ValueError(
            f"site '{name}': stands under poutine.mask, which the guide's site would not.\n"
            "Try one of:\n- a posterior program of your own, with the same mask, in Guide(posterior, n_data)"
        )
    frames = sorted((frame for frame in site["cond_indep_stack"] if frame.vectorized), key=lambda frame: frame.dim)
    inner = tuple((frame.name, frame.size, frame.dim) for frame in frames if frame.name != "data")
    shared = all(frame.name != "data" for frame in frames)
    classes = int(fn.logits.shape[-1]) if isinstance(fn, Categorical) else None
    return LatentSite(
        name, elements(fn), elements(again["fn"]), fn.event_shape, classes, inner, shared, name in asked.names
    )


def nesting(sites: Iterable[LatentSite]) -> int:
    """How deep the plates of the sites are nested, the rows' included: ``max_plate_nesting`` of an objective.

    Example:
        >>> from pellucid import data, zoo
        >>> nesting(find_sites(zoo.vae(data.digits(), dim=4).model))
        1
    """
    return max((-dim for site in sites for _, _, dim in site.plates), default=1)
