"""Images along latent dimensions, and two quantities to measure beside the pictures: ink and slant."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from .arrays import Array, as_numpy

__all__ = ["ink", "slant", "traverse"]


def traverse(
    decode: Callable[[Tensor], Tensor], z: Tensor, dimensions: Sequence[int], values: Sequence[float] | Array
) -> np.ndarray:
    """Decode codes in which one dimension at a time takes given values, the others as they are.

    Args:
        decode: from codes ``[M, D]`` to images ``[M, ...]``, such as the mean of the likelihood. Called once, without
            gradients.
        z: ``[D]`` or ``[R, D]``, where to start from.
        dimensions: K of the D dimensions.
        values: ``[V]`` for all dimensions, or ``[K, V]`` for each its own, such as its mean plus -3 to 3 of its
            standard deviations.

    Returns:
        ``[K, V, ...]`` images, or ``[R, K, V, ...]`` from several codes.

    Raises:
        ValueError: z of another rank, a dimension that z does not have, values of another shape.

    Example:
        >>> images = traverse(lambda z: z[:, None, None], torch.zeros(3), dimensions=[2, 0], values=[-1.0, 1.0])
        >>> images.shape, images[0, 1].ravel()
        ((2, 2, 1, 1, 3), array([0., 0., 1.], dtype=float32))
    """
    start = z.detach()[None] if z.ndim == 1 else z.detach()
    axis = torch.as_tensor(as_numpy(np.asarray(dimensions)), device=z.device).long()
    if start.ndim != 2 or axis.ndim != 1 or axis.numel() == 0 or axis.min() < 0 or axis.max() >= start.shape[1]:
        raise ValueError(
            f"dimensions: expected indices from 0 to D - 1 of codes z of shape [D] or [R, D]; got {list(dimensions)} "
            f"and z of shape {list(z.shape)}.\n"
            "Try one of:\n"
            "- dimensions=range(z.shape[-1]) for all of them\n"
            "- z.flatten(0, -2) when rows come in several axes"
        )
    levels = torch.as_tensor(values, dtype=z.dtype, device=z.device)
    if levels.ndim not in (1, 2) or levels.shape[-1] == 0 or (levels.ndim == 2 and len(levels) != len(axis)):
        raise ValueError(
            f"values: expected shape [V], or [{len(axis)}, V] with a row for each dimension; "
            f"got {list(levels.shape)}.\n"
            "Try one of:\n"
            "- values=torch.linspace(-3, 3, 7)"
        )
    rows, steps = len(start), levels.shape[-1]
    code = start[:, None, None].repeat(1, len(axis), steps, 1)  # [R, K, V, D]
    code[:, torch.arange(len(axis), device=z.device), :, axis] = levels.expand(len(axis), steps)[:, None]
    with torch.no_grad():
        images = as_numpy(decode(code.flatten(0, 2)))
    images = images.reshape(rows, len(axis), steps, *images.shape[1:])
    return images[0] if z.ndim == 1 else images


def ink(images: Array) -> np.ndarray:
    """Sum of the pixels of each image, in units of one full pixel.

    Args:
        images: ``[..., C, H, W]``.

    Returns:
        ``[...]``.

    Example:
        >>> float(ink(np.ones((1, 2, 3))))
        6.0
    """
    return as_numpy(images).astype(float).sum((-3, -2, -1))


def slant(images: Array) -> np.ndarray:
    r"""Lean of the ink to the right, in degrees from upright, by image moments.

    .. math::
        \theta = \arctan \frac{-\mu_{11}}{\mu_{02}}, \qquad \mu_{ab} = \sum_{r,s} I_{rs} (s - \bar s)^a (r - \bar r)^b

    with rows r downward and columns s to the right: :math:`-\mu_{11} / \mu_{02}` is how far the ink moves to the right
    for each row upward, the shear by which digits are deskewed. Channels are added; negative pixels count as none.

    Args:
        images: ``[..., C, H, W]``.

    Returns:
        ``[...]`` in (-90, 90); NaN without ink, or with all ink in one row of pixels.

    Example:
        >>> slash = np.eye(5)[None, :, ::-1]
        >>> round(float(slant(slash)), 6)
        45.0
    """
    mass = as_numpy(images).astype(float).clip(min=0).sum(-3)
    row, column = np.mgrid[: mass.shape[-2], : mass.shape[-1]].astype(float)
    total = mass.sum((-2, -1))

    def moment(value: np.ndarray) -> np.ndarray:
        return np.divide((mass * value).sum((-2, -1)), total, out=np.full_like(total, np.nan), where=total > 0)

    down = row - moment(row)[..., None, None]
    right = column - moment(column)[..., None, None]
    spread = moment(down**2)
    shear = np.divide(-moment(right * down), spread, out=np.full_like(total, np.nan), where=spread > 1e-9)
    return np.degrees(np.arctan(shear))
