"""What dimensions draw, as a strip of small pictures below their columns."""

from typing import TYPE_CHECKING

import numpy as np

from .canvas import DIVERGING, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["thumbnails"]


def thumbnails(axes: "Axes", pictures: np.ndarray) -> None:
    """Pictures ``[K, H, W]`` or ``[K, C, H, W]`` (channels are averaged), each on its own diverging scale about zero.

    Picture k lies about x = k: red where the dimension adds ink, blue where it removes it.
    """
    for k, picture in enumerate(pictures.mean(1) if pictures.ndim == 4 else pictures):
        limit = float(np.abs(picture).max()) or 1.0
        axes.imshow(
            picture, cmap=DIVERGING, vmin=-limit, vmax=limit, extent=(k - 0.46, k + 0.46, 0.46, -0.46),
            aspect="auto", interpolation="none",
        )  # fmt: skip
    axes.set(xlim=(-0.5, max(len(pictures), 1) - 0.5), ylim=(0.5, -0.5), xticks=[])
    axes.set_yticks([0], ["draws"], size=8)
    axes.tick_params(length=0, labelcolor=MUTED)
    axes.spines[:].set_visible(False)
