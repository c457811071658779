"""What the pixels say of a drawn thing: how thick, slanted, wide and tall it is, and whether it has a hole."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

__all__ = ["SHAPES", "measure_shapes"]

SHAPES = {"thick": "thickness", "slanted": "slant", "wide": "width", "tall": "height", "hole": "holes"}
LEVEL = 0.25  # of the brightest pixel: edges are ink, the noise of the paper is not
SPECK = 3  # pixels: a smaller patch of paper is texture, and no hole
CHUNK = 1024  # images measured at once: few enough for the indices of the distance transform


def measure_shapes(images: Tensor | np.ndarray, attributes: Sequence[str] = tuple(SHAPES)) -> Tensor:
    r"""Measures the shape of what is drawn, ink bright on dark paper, one number an image and attribute.

    ========= ========= ======================================================================================
    attribute quantity  unit and definition
    ========= ========= ======================================================================================
    thick     thickness pixels, half the width of a stroke: :math:`2 \bar d - 1`, :math:`\bar d` the mean over the
                        ink of the distance to the nearest paper; exact for a bar of even width w, 1/(2w) above
                        for an odd one
    slanted   slant     degrees to the right of upright, :math:`\arctan s`, shear :math:`s = -\mu_{11}/\mu_{02}`
    wide      width     pixels, of the box of as wide a spread of ink when set upright:
                        :math:`\sqrt{12 (\mu_{20} - \mu_{11}^2 / \mu_{02}) + 1}`
    tall      height    pixels, of the box of as tall a spread: :math:`\sqrt{12 \mu_{02} + 1}`
    hole      holes     number of patches of paper, of 3 pixels or more, that ink encloses
    ========= ========= ======================================================================================

    :math:`\mu_{ab}` are the central moments of the grey image per unit of ink, columns to the right and rows downward.
    For thickness and holes a pixel is ink if it is brighter than a quarter of the image's brightest; ink touches over
    corners, paper does not. Nothing changes when an image is made darker. Width is that of the image set upright, so
    that leaning alone makes nothing wider. An image without ink measures 0 in everything, and ink in a single row of
    pixels has slant 0.

    Args:
        images: ``[N, 1, H, W]``, bytes or floats; negative pixels count as none.
        attributes: F of the five.

    Returns:
        ``[N, F]`` floats, on the CPU.

    Raises:
        ValueError: images of another shape, pixels not finite, an attribute that does not exist.

    References:
        Castro et al., "Morpho-MNIST: Quantitative Assessment and Diagnostics for Representation Learning", JMLR 2019:
        thickness from the distance transform, slant from the moments, width of the upright box.

    Example:
        >>> frame = torch.zeros(1, 1, 10, 10)
        >>> frame[..., 1:9, 2:8] = 1
        >>> frame[..., 3:7, 4:6] = 0
        >>> measure_shapes(frame, ["slanted", "hole"])
        tensor([[0., 1.]])
    """
    unknown = [name for name in attributes if name not in SHAPES]
    if unknown or isinstance(attributes, str) or not attributes or len(set(attributes)) < len(attributes):
        raise ValueError(
            f"attributes: expected different names among {', '.join(SHAPES)}; got {attributes!r}.\n"
            f"Try one of:\n- attributes={tuple(SHAPES)}"
        )
    pixels = torch.as_tensor(images).detach().cpu()
    if pixels.ndim != 4 or pixels.shape[1] != 1 or pixels.numel() == 0 or not pixels.float().isfinite().all():
        raise ValueError(
            f"images: expected finite grey images of shape [N, 1, H, W]; got {list(pixels.shape)} of {pixels.dtype}.\n"
            "Try one of:\n- images.mean(1, keepdim=True) for images in colour\n"
            "- images.reshape(-1, 1, 28, 28) for flat rows of pixels"
        )
    parts = [part[:, 0].double().clamp(min=0).numpy() for part in pixels.split(CHUNK)]
    columns = [np.concatenate([READ[name](mass) for mass in parts]) for name in attributes]
    return torch.from_numpy(np.stack(columns, 1)).float()


def _thickness(mass: np.ndarray) -> np.ndarray:
    from scipy.ndimage import distance_transform_edt

    ink = _ink(mass)
    # Images lie far apart along the first axis, so that the nearest paper is in the image itself.
    distance = distance_transform_edt(ink, sampling=(1e6, 1, 1))
    area = ink.sum((1, 2))
    return np.where(area > 0, 2 * np.asarray(distance).sum((1, 2)) / np.maximum(area, 1) - 1, 0.0)


def _slant(mass: np.ndarray) -> np.ndarray:
    return np.degrees(np.arctan(_moments(mass)[0])) + 0.0  # upright is 0, and not -0


def _width(mass: np.ndarray) -> np.ndarray:
    _, upright, _, inked = _moments(mass)
    return np.sqrt(12 * upright + 1) * inked


def _height(mass: np.ndarray) -> np.ndarray:
    _, _, spread, inked = _moments(mass)
    return np.sqrt(12 * spread + 1) * inked


def _holes(mass: np.ndarray) -> np.ndarray:
    from scipy.ndimage import label

    beside = np.zeros((3, 3, 3), dtype=bool)
    beside[1] = [[False, True, False], [True, True, True], [False, True, False]]  # never from image to image
    paper = ~_ink(mass)
    patch = np.zeros(paper.shape, dtype=np.int32)
    label(paper, beside, output=patch)
    size = np.bincount(patch.ravel())
    image = np.zeros(len(size), dtype=int)
    image[patch] = np.arange(len(mass))[:, None, None]
    hole = size >= SPECK
    hole[0] = hole[patch[:, 0, 0]] = False  # the ink, and the paper around it
    return np.bincount(image[hole], minlength=len(mass)).astype(float)


def _ink(mass: np.ndarray) -> np.ndarray:
    """Booleans ``[N, H + 2, W + 2]``: paper lies around every image."""
    return np.pad(mass > LEVEL * mass.max((1, 2), keepdims=True), ((0, 0), (1, 1), (1, 1)))


def _moments(mass: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Shear, variance of the columns when upright, variance of the rows, whether there is ink; ``[N]`` each."""
    row, column = np.mgrid[: mass.shape[1], : mass.shape[2]].astype(float)
    inked = mass.max((1, 2)) > 0
    weight = mass / np.where(inked, mass.sum((1, 2)), 1.0)[:, None, None]

    def mean(value: np.ndarray) -> np.ndarray:
        return (weight * value).sum((1, 2))

    down, right = (value - mean(value)[:, None, None] for value in (row, column))
    spread, joint = mean(down**2), mean(down * right)
    shear = np.divide(-joint, spread, out=np.zeros_like(spread), where=spread > 1e-9)
    return shear, np.maximum(mean(right**2) + shear * joint, 0.0), spread, inked


READ = {"thick": _thickness, "slanted": _slant, "wide": _width, "tall": _height, "hole": _holes}
