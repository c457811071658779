"""How different the images of a set are from one another."""

import numpy as np

from ..arrays import Array, as_numpy
from .similarity import pairwise_ssim

__all__ = ["generation_diversity"]


def generation_diversity(images: Array, *, data_range: float = 1.0, window: int = 11) -> float:
    r"""Half of one minus the mean structural similarity of two different images of a set.

    .. math:: \frac12 \Big( 1 - \frac{2}{N (N - 1)} \sum_{m < n} \mathrm{SSIM}(x_m, x_n) \Big)

    0 if all images are one, 1/2 if no two have anything in common, more only where they are each other's negatives. It
    praises noise: read it beside the images. 31 x 31 images of 28 pixels take some seconds; their number enters
    squared.

    Args:
        images: ``[..., C, H, W]``, two or more, pixels in ``[0, data_range]``, such as ``decode_plane(...).images``.
        data_range: the largest value that a pixel may have.
        window: side of the window in pixels, odd.

    Raises:
        ValueError: fewer than two images, and as :func:`pairwise_ssim`.

    References:
        An, Choi, Jeon, "EXoN: EXplainable encoder Network" (arXiv 2105.10867): negative SSIM over 31 x 31 images on
        ``[-15, 15]^2``.

    Example:
        >>> generation_diversity(np.ones((5, 1, 16, 16)))
        0.0
    """
    pixels = as_numpy(images)
    number = int(np.prod(pixels.shape[:-3]))
    if pixels.ndim < 4 or number < 2:
        raise ValueError(
            f"images: expected two images or more, shape [..., C, H, W]; got {list(pixels.shape)}.\n"
            "Try one of:\n"
            "- decode_plane(decode, z, across=(-15, 15)).images"
        )
    every = pairwise_ssim(pixels.reshape(number, *pixels.shape[-3:]), data_range=data_range, window=window)
    return float((1 - every[np.triu_indices(number, 1)].mean()) / 2)
