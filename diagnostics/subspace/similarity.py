"""Structural similarity of images (SSIM), in a Gaussian window, and of all pairs of a set at once."""

import numpy as np
import torch
from torch import Tensor

from ..arrays import Array, as_numpy

__all__ = ["pairwise_ssim", "ssim"]

SIGMA, K1, K2 = 1.5, 0.01, 0.03  # of the reference


def ssim(first: Array, second: Array, *, data_range: float = 1.0, window: int = 11) -> np.ndarray:
    r"""Structural similarity of two images, mean over the places of the window and the channels.

    .. math::
        \mathrm{SSIM} = \frac{(2 \mu_x \mu_y + c_1)(2 \sigma_{xy} + c_2)}
        {(\mu_x^2 + \mu_y^2 + c_1)(\sigma_x^2 + \sigma_y^2 + c_2)}, \qquad c_i = (K_i L)^2,\ K = (0.01, 0.03)

    with means, variances and covariance weighted by a Gaussian of 1.5 pixels within the window, which stays wholly
    inside the image. It compares brightness by ratios, so it depends on what value black has: shift images from
    ``[-1, 1]`` to ``[0, 1]`` first.

    Args:
        first: images ``[..., C, H, W]``, pixels in ``[0, data_range]``.
        second: images of a shape that broadcasts with it.
        data_range: L, the largest value that a pixel may have.
        window: side of the window in pixels, odd.

    Returns:
        ``[...]``, in ``[-1, 1]``; 1 for equal images alone.

    Raises:
        ValueError: arrays that hold no images or do not fit one another, images smaller than the window, an even
            window, pixels outside the range.

    References:
        Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural similarity"
        (IEEE Transactions on Image Processing, 2004), equations 13 to 16.

    Example:
        >>> image = np.eye(16)[None]
        >>> round(float(ssim(image, image)), 12), bool(ssim(image, 1 - image) < 0)
        (1.0, True)
    """
    x, y = pictures("first", first, data_range, window), pictures("second", second, data_range, window)
    try:
        x, y = torch.broadcast_tensors(x, y)
    except RuntimeError as error:
        raise ValueError(
            f"second: expected images of a shape that fits first, {list(x.shape)}; got {list(y.shape)}.\n"
            "Try one of:\n"
            "- first[:, None], second for every image of the one with every image of the other"
        ) from error
    return similarity(local(x, window), local(y, window), blur(x * y, window), data_range).numpy()


def pairwise_ssim(images: Array, *, data_range: float = 1.0, window: int = 11) -> np.ndarray:
    """Structural similarity of every two of N images (:func:`ssim`).

    Args:
        images: ``[N, C, H, W]``, pixels in ``[0, data_range]``.
        data_range: the largest value that a pixel may have.
        window: side of the window in pixels, odd.

    Returns:
        ``[N, N]``, symmetric, 1 on the diagonal.

    Raises:
        ValueError: as :func:`ssim`.

    Example:
        >>> pairwise_ssim(np.stack([np.zeros((1, 11, 11)), np.ones((1, 11, 11))])).round(4)
        array([[1.e+00, 1.e-04],
               [1.e-04, 1.e+00]])
    """
    x = pictures("images", images, data_range, window).flatten(0, -4)
    mean, square = local(x, window)
    result = torch.ones(len(x), len(x), dtype=x.dtype)
    for n in range(len(x) - 1):
        one, others = (mean[n], square[n]), (mean[n + 1 :], square[n + 1 :])
        row = similarity(one, others, blur(x[n] * x[n + 1 :], window), data_range)
        result[n, n + 1 :] = result[n + 1 :, n] = row
    return result.numpy()


def similarity(x: tuple[Tensor, Tensor], y: tuple[Tensor, Tensor], product: Tensor, data_range: float) -> Tensor:
    """The index ``[...]``, from the local means of two images, of their squares, and of their product."""
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    (mean_x, square_x), (mean_y, square_y) = x, y
    cross, squares = mean_x * mean_y, mean_x**2 + mean_y**2
    brightness = (2 * cross + c1) / (squares + c1)
    structure = (2 * (product - cross) + c2) / (square_x + square_y - squares + c2)
    return (brightness * structure).mean((-3, -2, -1))


def local(x: Tensor, window: int) -> tuple[Tensor, Tensor]:
    """Local means of images and of their squares."""
    return blur(x, window), blur(x**2, window)


def blur(x: Tensor, window: int) -> Tensor:
    """Weighted means of images ``[..., H, W]`` within the window, at each of its ``[H - window + 1, ...]`` places.

    Example:
        >>> blur(torch.ones(1, 5, 6), window=3)
        tensor([[[1., 1., 1., 1.],
                 [1., 1., 1., 1.],
                 [1., 1., 1., 1.]]])
    """
    offset = torch.arange(window, dtype=x.dtype, device=x.device) - (window - 1) / 2
    weight = torch.exp(-0.5 * (offset / SIGMA) ** 2)
    weight = weight / weight.sum()

    def band(side: int) -> Tensor:
        places = side - window + 1
        rows = torch.nn.functional.pad(weight.expand(places, window), (0, places))  # each row starts one further on
        return rows.flatten()[: places * side].view(places, side)

    return band(x.shape[-2]) @ (x @ band(x.shape[-1]).mT)


def pictures(name: str, images: Array, data_range: float, window: int) -> Tensor:
    """Images ``[..., C, H, W]`` in double precision, each large enough for the window.

    Raises:
        ValueError: anything else, with the argument's name.
    """
    pixels = torch.from_numpy(as_numpy(images).astype(float))
    if pixels.ndim < 3 or pixels.numel() == 0 or window < 1 or window % 2 == 0 or window > min(pixels.shape[-2:]):
        raise ValueError(
            f"{name}: expected images of shape [..., C, H, W], H and W no less than a window of odd side; got "
            f"{list(pixels.shape)} and window={window}.\n"
            "Try one of:\n"
            "- images[:, None] when there is no axis of channels\n"
            "- window=7 for 8 x 8 pixels, and say so: the usual 11 does not fit"
        )
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0 and high <= data_range):  # NaN fails both comparisons
        raise ValueError(
            f"{name}: expected pixels in [0, data_range] = [0, {data_range:g}]; got values from {low:.3g} to "
            f"{high:.3g}.\n"
            "Try one of:\n"
            "- (images + 1) / 2 for pixels in [-1, 1]\n"
            "- images.clip(0, 1) for a decoder that oversteps\n"
            "- data_range=255 for bytes"
        )
    return pixels
