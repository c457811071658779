"""Straight ways through a latent space: within a class, and from one centre to the next."""

from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor

from ....diagnostics import interpolate
from ....diagnostics.figures.image_grids import show, to_pixels
from ....diagnostics.figures.plane import CLASSES
from ....diagnostics.figures.strips import strips
from ..exemplars import has_images
from ..label_reader import LabelReader
from ..reading import Reading
from .pixels import to_unit
from .reading import SITE, Mixture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ways"]

T = TypeVar("T")
MOST, STEPS = 5, 9  # ways of each kind; images on one


def ways(reading: Reading, mixture: Mixture) -> "Figure | None":
    """Up to five ways of each kind, evenly from all classes, with what the classifier finds in each image.

    Args:
        reading: of the run.
        mixture: of it.

    Returns:
        None for rows that are no images.
    """
    if not has_images(reading):
        return None
    loc, number = mixture.prior.loc, len(mixture.names)
    own = {k: mixture.code[(mixture.y == k) & (mixture.guess == k)] for k in range(number)}  # those that are in it
    ends = {mixture.names[k]: farthest(own[k]) for k in evenly([k for k in own if len(own[k]) > 1], MOST)}
    across = {
        f"{mixture.names[k]} to {mixture.names[other]}": (loc[k], loc[other])
        for k, other in evenly([(k, neighbour(mixture, k)) for k in range(number)], MOST)
    }
    groups = [[f"within {name}" for name in ends], list(across)] if ends else [list(across)]
    start, end = (torch.stack(codes) for codes in zip(*(ends | across).values(), strict=True))
    images = torch.from_numpy(interpolate(reading.run.decode, start, end, STEPS))
    guess = LabelReader(reading.run, SITE).read(images.flatten(0, 1)).argmax(-1).reshape(images.shape[:2])
    pixels = to_pixels("images", to_unit(reading.batch.x)(images))
    figure, rows = strips(groups, STEPS, pixels.shape[2] / pixels.shape[3], "Straight ways between codes")
    for axes, strip, found in zip(rows, pixels, guess.tolist(), strict=True):
        for tile, image, k in zip(axes, strip, found, strict=True):
            show(tile, image)
            tile.text(
                0.03, 0.97, str(k), transform=tile.transAxes, ha="left", va="top", size=5.5, weight="bold",
                color="white",
                bbox={"boxstyle": "round,pad=0.18", "facecolor": CLASSES[k % len(CLASSES)], "linewidth": 0},
            )  # fmt: skip
    return figure


def farthest(z: Tensor) -> tuple[Tensor, Tensor]:
    """The first of some codes ``[N, D]``, and that which is farthest from it.

    Example:
        >>> farthest(torch.tensor([[0.0], [1.0], [-2.0]]))
        (tensor([0.]), tensor([-2.]))
    """
    return z[0], z[(z - z[0]).norm(dim=-1).argmax()]


def neighbour(mixture: Mixture, k: int) -> int:
    """The class whose centre is nearest to that of class k; of several as near, the next after it."""
    loc = mixture.prior.loc
    others = [(k + step) % len(loc) for step in range(1, len(loc))]
    distance = (loc[others] - loc[k]).norm(dim=-1)
    return others[int((distance <= distance.min() * (1 + 1e-4)).int().argmax())]


def evenly(things: list[T], most: int) -> list[T]:
    """At most so many of a list, at even steps from its first.

    Example:
        >>> evenly([0, 1, 2, 3, 4], 3), evenly([0, 1], 3)
        ([0, 2, 4], [0, 1])
    """
    return things[:: -(-len(things) // most)] if things else []
