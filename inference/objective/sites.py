"""Reading a trace: its random sites, their log-probabilities, and what a site adds per row of the data."""

from collections.abc import Iterator
from typing import Any, cast

import torch
from pyro.poutine import Trace
from pyro.poutine.util import site_is_subsample
from torch import Tensor

__all__ = ["Site", "data_frame", "log_prob", "masked", "n_data", "per_row", "random_sites"]

Site = Any
"""Pyro's record of one sample statement, a dict."""


def random_sites(trace: Trace) -> Iterator[tuple[str, Site]]:
    """The sample sites of a trace in their order, plates' index draws left out."""
    for name, site in cast(dict[str, Site], trace.nodes).items():
        if site["type"] == "sample" and not site_is_subsample(site):
            yield name, site


def masked(term: Tensor, site: Site) -> Tensor:
    """``term`` with zeros where the site's mask is False."""
    mask = site["mask"]
    return term if mask is None or mask is True else torch.where(torch.as_tensor(mask, device=term.device), term, 0.0)


def log_prob(site: Site) -> Tensor:
    """Log-density of the site's value: enumerated dimensions, then plates. Masked, unscaled."""
    return masked(site["fn"].log_prob(site["value"], *site["args"], **site["kwargs"]), site)


def data_frame(site: Site) -> Any:
    """The site's frame in the plate "data", or None for a site outside it."""
    return next((frame for frame in site["cond_indep_stack"] if frame.name == "data"), None)


def n_data(trace: Trace) -> int:
    """Size of the plate "data"; 1 for a program without it."""
    frames = (data_frame(site) for _, site in random_sites(trace))
    return next((frame.full_size for frame in frames if frame is not None), 1)


def per_row(term: Tensor, site: Site, n_data: int, nesting: int) -> Tensor:
    """What the site adds to a bound per row: its mean over rows is the site's share of the whole, over ``n_data``.

    Args:
        term: enumerated dimensions, then plates.
        site: where it comes from; its plates and their scale count.
        n_data: size of the data plate.
        nesting: plates nested in the model.

    Returns:
        enumerated dimensions, ones for the inner plates, then ``[B]``; or 0-d in that place for a site of the whole
        data set.
    """
    frame = data_frame(site)
    plates = [d for d in range(-nesting, 0) if d != -1 or frame is None]
    inner = [d for d in plates if term.dim() >= -d]
    term = term.sum(inner, keepdim=True) if inner else term
    return term * (site["scale"] * (1 if frame is None else frame.size) / n_data)
