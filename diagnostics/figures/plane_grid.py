"""What the decoder draws over a plane of the latent space, to lie under the codes."""

from typing import TYPE_CHECKING, Any

from ..arrays import Array
from ..subspace import Plane
from .image_grids import to_pixels
from .plane import centres_of, mark_components, plane_sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plane_grid"]

TOP = 0.5  # inches: the title


def plane_grid(
    plane: Plane,
    centres: Array | None = None,
    prior_variance: float | Array | None = None,
    *,
    title: str = "Decoded over the latent plane",
) -> "Figure":
    """Images in their places on the plane, each in the cell about its point, with the centres' numbers among them.

    The axes are those of a :func:`latent_plane` with ``limits=plane.limits``.

    Args:
        plane: images ``[V, W, C, H, W']`` with one or three channels, pixels in ``[0, 1]`` (clipped), and where they
            are (``decode_plane``).
        centres: ``[K, D]``, of the prior's components.
        prior_variance: a number, ``[D]`` or ``[K, D]``, for ellipses of one and two standard deviations.
        title: of the figure.

    Raises:
        ValueError: images of another shape, centres or variances that do not fit.

    Example:
        >>> import numpy as np
        >>> plane = Plane(np.zeros((2, 3, 1, 8, 8)), np.array([-1.0, 0.0, 1.0]), np.array([0.0, 1.0]), (0, 1))
        >>> plane_grid(plane).axes[0].get_images()[0].get_extent()
        [-1.5, 1.5, -0.5, 1.5]
    """
    pixels = to_pixels("plane.images", plane.images)
    if pixels.shape[:-3] != (len(plane.up), len(plane.across)):
        raise ValueError(
            f"plane: expected {len(plane.up)} rows of {len(plane.across)} images, as its values say; "
            f"got {list(pixels.shape[:-3])}.\n"
            "Try one of:\n"
            "- decode_plane(decode, z, across=(-15, 15))"
        )
    names = (f"z{plane.dimensions[0]}", f"z{plane.dimensions[1]}")
    figure, axes = plane_sheet(title, plane.limits, names, TOP, told(centres, prior_variance))
    upright = pixels[::-1]  # the first row of an array is its lowest value, that of a picture its top
    mosaic = upright.swapaxes(1, 2).reshape(
        len(plane.up) * pixels.shape[2], len(plane.across) * pixels.shape[3], pixels.shape[4]
    )
    look: dict[str, Any] = {"cmap": "gray_r", "vmin": 0, "vmax": 1} if pixels.shape[-1] == 1 else {}
    axes.imshow(
        mosaic[..., 0] if pixels.shape[-1] == 1 else mosaic, extent=(*plane.limits[0], *plane.limits[1]),
        aspect="auto", interpolation="antialiased", **look,
    )  # fmt: skip
    if centres is not None:
        component, spread = centres_of(centres, prior_variance, plane.dimensions)
        mark_components(axes, component, spread)
    return figure


def told(centres: Array | None, prior_variance: float | Array | None) -> str:
    """What is drawn over the images."""
    if centres is None:
        return "each image is of the point in the middle of its cell"
    text = "each image is of the point in the middle of its cell; numbers: the prior's centres"
    return text if prior_variance is None else f"{text}, and 1 and 2 sd"
