"""What the decoder draws over a plane of the latent space."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..interventions import traverse_grid

__all__ = ["Plane", "decode_plane"]

Range = tuple[float, float]


@dataclass(frozen=True)
class Plane:
    """Images at the points of a grid over two latent dimensions.

    Attributes:
        images: ``[V, W, ...]``, of ``up[v]`` and ``across[w]``.
        across: ``[W]``, values of the first dimension, ascending in equal steps.
        up: ``[V]``, values of the second.
        dimensions: the two.
    """

    images: np.ndarray
    across: np.ndarray
    up: np.ndarray
    dimensions: tuple[int, int]

    @property
    def limits(self) -> tuple[Range, Range]:
        """What the images cover across and up if each fills the cell about its point: half a step beyond the last."""
        return cells(self.across), cells(self.up)


def decode_plane(
    decode: Callable[[Tensor], Tensor],
    z: Tensor,
    across: Range,
    up: Range | None = None,
    *,
    steps: int | tuple[int, int] = 31,
    dimensions: tuple[int, int] = (0, 1),
) -> Plane:
    """Decode a grid over two dimensions of the code; the others stay as they are.

    Args:
        decode: from codes ``[M, D]`` to images ``[M, ...]``, such as the mean of the likelihood. Called once, without
            gradients.
        z: ``[D]``, the code whose other dimensions all images have, such as a centre; of two dimensions nothing is
            read but their number.
        across: least and largest value of the first dimension.
        up: those of the second; None for the same.
        steps: values of each dimension, two or more; or a pair of numbers, across and up.
        dimensions: which two.

    Raises:
        ValueError: z not ``[D]``, dimensions that it does not have, a range that is not ascending, or fewer than two
            steps.

    References:
        An, Choi, Jeon, "EXoN: EXplainable encoder Network" (arXiv 2105.10867): 31 x 31 images over ``[-15, 15]^2``.

    Example:
        >>> plane = decode_plane(lambda z: z, torch.zeros(3), across=(-1.0, 1.0), up=(4.0, 5.0), steps=(3, 2))
        >>> plane.images[1, 0], plane.limits
        (array([-1.,  5.,  0.], dtype=float32), ((-1.5, 1.5), (3.5, 5.5)))
    """
    if z.ndim != 1:
        raise ValueError(
            f"z: expected a single code of shape [dimensions]; got {list(z.shape)}.\n"
            "Try one of:\n"
            "- z=centres[0], or z=torch.zeros(D)\n"
            "- traverse_grid(decode, z, blocks, down, across) for grids of several codes"
        )
    numbers = (steps, steps) if isinstance(steps, int) else steps
    first, second = grid("across", across, numbers[0]), grid("up", across if up is None else up, numbers[1])
    images = traverse_grid(decode, z, (dimensions[1], dimensions[0]), torch.tensor(second), torch.tensor(first))
    return Plane(images, first, second, dimensions)


def grid(name: str, limits: Range, steps: int) -> np.ndarray:
    """Values in equal steps from the one limit to the other.

    Raises:
        ValueError: limits that are not ascending, or fewer than two steps.

    Example:
        >>> grid("across", (-1.0, 1.0), 3)
        array([-1.,  0.,  1.])
    """
    low, high = limits
    if not (np.isfinite(limits).all() and low < high) or steps < 2:
        raise ValueError(
            f"{name}: expected a least and a largest value, and two steps or more; got {low} to {high} in {steps}.\n"
            "Try one of:\n"
            f"- {name}=(-15, 15), steps=31\n"
            "- limits a few prior standard deviations beyond the outermost centres"
        )
    return np.linspace(low, high, steps)


def cells(values: np.ndarray) -> Range:
    """The ends of the cells about values in equal steps."""
    half = (values[1] - values[0]) / 2
    return float(values[0] - half), float(values[-1] + half)
