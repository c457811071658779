"""Images on straight lines between codes: within a class, or from the centre of one to that of another."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..arrays import as_numpy

__all__ = ["interpolate"]


def interpolate(decode: Callable[[Tensor], Tensor], start: Tensor, end: Tensor, steps: int = 9) -> np.ndarray:
    r"""Decode codes at equal steps from start to end, both included.

    .. math:: z_t = (1 - t)\, z_\text{start} + t\, z_\text{end}, \qquad t = 0, \tfrac1{S - 1}, \dots, 1

    Within a class, between two rows' codes, every image should be of the class. Across centres the image should turn
    from one class into the other where their components meet, and nowhere else.

    Args:
        decode: from codes ``[M, D]`` to images ``[M, ...]``, such as the mean of the likelihood. Called once, without
            gradients.
        start: ``[D]`` or ``[P, D]``, such as ``centres[[0, 0]]``.
        end: ``[D]`` or ``[P, D]``, such as ``centres[[1, 2]]``; one ``[D]`` serves all of the other.
        steps: S images a line, two or more.

    Returns:
        ``[S, ...]`` images between two codes, ``[P, S, ...]`` on P lines.

    Raises:
        ValueError: codes of other shapes, or fewer than two steps.

    References:
        An, Choi, Jeon, "EXoN: EXplainable encoder Network" (arXiv 2105.10867): interpolation within and across centres.

    Example:
        >>> interpolate(lambda z: z, torch.tensor([0.0, 0.0]), torch.tensor([1.0, 4.0]), steps=3)
        array([[0. , 0. ],
               [0.5, 2. ],
               [1. , 4. ]], dtype=float32)
    """
    shapes = {tuple(each.shape) for each in (start, end) if each.ndim == 2}
    if not {start.ndim, end.ndim} <= {1, 2} or start.shape[-1] != end.shape[-1] or len(shapes) > 1 or not start.numel():
        raise ValueError(
            f"end: expected codes [D] or [P, D], as many and of as many dimensions as start; got {list(start.shape)} "
            f"for start and {list(end.shape)} for end.\n"
            "Try one of:\n"
            "- start=centres[[0, 0]], end=centres[[1, 2]] for a line each from centre 0 to centres 1 and 2\n"
            "- start=centres[0], end=centres for lines from one to all"
        )
    if steps < 2:
        raise ValueError(
            f"steps: expected two images a line or more, for both ends are among them; got {steps}.\n"
            "Try one of:\n"
            "- steps=9"
        )
    first, last = torch.broadcast_tensors(start.detach(), end.detach())
    t = torch.linspace(0, 1, steps, dtype=first.dtype, device=first.device)[:, None]
    code = torch.lerp(first[..., None, :], last[..., None, :], t)  # [..., S, D]
    with torch.no_grad():
        images = as_numpy(decode(code.flatten(0, -2)))
    return images.reshape(*code.shape[:-1], *images.shape[1:])
