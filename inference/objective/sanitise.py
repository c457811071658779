"""Label slots that mean nothing are emptied before anything reads them."""

import torch
from torch import Tensor

from ...distributions import Labels, at_site

__all__ = ["all_known", "sanitise"]


def sanitise(y: Labels, labelled: Labels) -> Labels:
    """``y`` with zeros where ``labelled`` is False: NaN in such a slot then reaches no value and no gradient.

    Args:
        y: ``[B]``, ``[B, L]`` or a dict of such.
        labelled: boolean mask ``[B]`` or ``[B, L]``, or a dict alike.

    Example:
        >>> sanitise(torch.tensor([1.0, torch.nan]), torch.tensor([True, False]))
        tensor([1., 0.])
    """
    if isinstance(y, dict):
        return {name: empty(value, at_site(name, labelled)) for name, value in y.items()}
    return y if y is None or isinstance(labelled, dict) else empty(y, labelled)


def empty(y: Tensor, labelled: Tensor | None) -> Tensor:
    """``y`` where labelled, 0 elsewhere."""
    if labelled is None:
        return y
    return torch.where(labelled.reshape(labelled.shape + (1,) * (y.dim() - labelled.dim())), y, torch.zeros_like(y))


def all_known(site: str, y: Labels, labelled: Labels) -> Labels:
    """The mask, one of True for a site whose labels come without any: it is then known, and not observed.

    Args:
        site: label site.
        y: labels.
        labelled: boolean mask, dict alike, or None.

    Example:
        >>> all_known("y", torch.tensor([2, 9]), None)
        tensor([True, True])
    """
    value = at_site(site, y)
    if value is None or at_site(site, labelled) is not None:
        return labelled
    known = torch.ones(len(value), dtype=torch.bool, device=value.device)
    return labelled | {site: known} if isinstance(labelled, dict) else known
