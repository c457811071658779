"""Where an image differs when a block is drawn anew, block below block, on one scale."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Array, as_numpy
from .canvas import MUTED, SEQUENTIAL, place
from .image_grids import show, to_pixels
from .strips import strips

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["variance_grid"]


def variance_grid(
    images: Array,
    variance: Mapping[str, Array],
    *,
    title: str = "What each block draws: spread of the pixels when it is drawn anew",
) -> "Figure":
    """A column for each image, and below it the standard deviation of its pixels under each block, all on one scale.

    Args:
        images: ``[N, C, H, W]`` or ``[N, H, W]``, pixels in ``[0, 1]`` (clipped).
        variance: name of a block, such as "hat", to variances of the same shape (``variance_map``); the mean over
            channels is shown.
        title: of the figure.

    Raises:
        ValueError: shapes that differ, no block, variances that are negative or not finite.

    Example:
        >>> variance = np.zeros((3, 1, 8, 8))
        >>> figure = variance_grid(np.ones((3, 1, 8, 8)), {"hat": variance + 0.1, "eyes": variance})
        >>> [axes.get_ylabel() for axes in figure.axes[:9:3]]
        ['image', 'hat', 'eyes']
    """
    pixels = to_pixels("images", images)
    spread = {name: as_numpy(value).astype(float) for name, value in variance.items()}
    bad = {
        name: list(value.shape)
        for name, value in spread.items()
        if value.shape != np.shape(images) or not np.isfinite(value).all() or (value < 0).any()
    }
    if bad or not spread or pixels.ndim != 4:
        raise ValueError(
            f"variance: expected at least one block, each with finite variances of the shape of the images, "
            f"{list(np.shape(images))}; got {bad or list(spread)}.\n"
            "Try one of:\n"
            '- {"hat": variance_map(decode, z, hat, draws).variance}, of the rows shown'
        )
    maps = {name: np.sqrt(value.reshape(len(pixels), -1, *pixels.shape[1:3]).mean(1)) for name, value in spread.items()}
    limit = max(each.max() for each in maps.values()) or 1.0
    figure, (top, *below) = strips(
        [["image"], list(maps)], len(pixels), pixels.shape[1] / pixels.shape[2], title, right=0.75
    )
    for tile, image in zip(top, pixels, strict=True):
        show(tile, image)
    for strip, each in zip(below, maps.values(), strict=True):
        for tile, picture in zip(strip, each, strict=True):
            drawn = tile.imshow(picture, cmap=SEQUENTIAL, vmin=0, vmax=limit, interpolation="none", aspect="auto")
            tile.set(xticks=[], yticks=[])
            tile.spines[:].set_visible(False)
    upper, lower = below[0][-1].get_position(), below[-1][-1].get_position()
    width, height = figure.get_size_inches()
    tall = min((upper.y1 - lower.y0) * height, 1.6)
    bar = place(figure, upper.x1 * width + 0.1, (1 - upper.y1) * height, 0.1, tall)
    figure.colorbar(drawn, cax=bar)
    bar.tick_params(labelsize=7, length=2, colors=MUTED, pad=1.5)
    bar.locator_params(nbins=4)
    bar.set_ylabel("sd of a pixel", size=7.5, color=MUTED, labelpad=2)
    bar.spines[:].set_visible(False)
    return figure
