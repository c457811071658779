"""What a pair redraws of images, whatever its codes are."""

from typing import Any

import torch
from pyro import poutine
from torch import Tensor

from ...inference import Run
from ...inference.factor import without_factors
from ...inference.objective import random_sites

__all__ = ["IN_SOURCE_UNITS", "redrawn", "squared_error"]

IN_SOURCE_UNITS = 4.0
"""A squared error of pixels in [0, 1], as the source has it: its pixels are in [-1, 1]."""


@torch.no_grad()
def redrawn(run: Run, x: Tensor, y: Tensor) -> Tensor | None:
    """Mean images ``[N, C, H, W]`` at the means of the codes, given images and classes; None of a pair without images.

    Args:
        run: the run, labels at site "y".
        x: ``[N, C, H, W]``.
        y: ``[N]``, such as the most probable classes.
    """
    guide, model = without_factors(run.pair.guide), run.pair.model
    found = []
    for part, told in zip(x.split(1000), y.split(1000), strict=True):
        images, classes = part.to(run.pair.device), {"y": told.to(run.pair.device)}
        seen = sites(poutine.condition(guide, classes), images)
        codes = {name: site["fn"].mean for name, site in seen.items() if name != "y"}
        drawn = sites(poutine.condition(model, codes | classes), images)
        if "x" not in drawn:
            return None
        found.append(drawn["x"]["fn"].mean.cpu())
    return torch.cat(found)


def sites(program: Any, x: Tensor) -> dict[str, Any]:
    """The sites of a program that is run on images alone."""
    return dict(random_sites(poutine.trace(program).get_trace(x)))


def squared_error(first: Tensor, second: Tensor) -> Tensor:
    """Half the squared distance of images ``[N, C, H, W]`` with pixels in [0, 1], ``[N]``, in the source's units.

    Example:
        >>> squared_error(torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 0.5))
        tensor([2.])
    """
    return IN_SOURCE_UNITS / 2 * (first - second).square().flatten(1).sum(1)
