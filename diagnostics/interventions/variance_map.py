"""Where images differ when only one block of the code is drawn anew: the look of a label's diversity."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..arrays import as_numpy
from .blocks import as_block, as_codes

__all__ = ["VarianceMap", "variance_map"]

Sampler = Callable[[torch.Size], Tensor]


@dataclass(frozen=True)
class VarianceMap:
    """Mean and variance of each pixel over the draws of a block, for each of N rows.

    Attributes:
        mean: ``[N, ...]``, pixels.
        variance: ``[N, ...]``, pixels squared, unbiased.
        diversity: the variance summed over the pixels, mean over the rows: how much of the image the block draws.
        standard_error: of ``diversity``, over the rows; NaN from one row.
    """

    mean: np.ndarray
    variance: np.ndarray
    diversity: float
    standard_error: float


def variance_map(
    decode: Callable[[Tensor], Tensor],
    z: Tensor,
    block: Sequence[int],
    draws: Tensor | Sampler,
    *,
    samples: int = 64,
) -> VarianceMap:
    r"""Variance of the pixels when one block of the code is drawn anew and the rest stays.

    .. math:: v_{np} = \mathrm{Var}_{z_B \sim p(z_B | y)} \big[ \mathrm{decode}(z_n \text{ with block } z_B)_p \big]

    With the draws from a label's conditional prior, :math:`p(z_B | y_l)`, these are the different ways in which the
    model draws that label on image n: large where the label shows, and zero elsewhere if the block draws nothing else.
    A block that says only *whether*, and never *how*, has no variance at all.

    Args:
        decode: from codes ``[N, D]`` to images ``[N, ...]``, such as the mean of the likelihood. Called once a draw,
            without gradients: images are not kept.
        z: ``[N, D]``.
        block: B dimensions.
        draws: ``[S, N, B]``, or ``[S, 1, B]`` for the same S draws on every row; or a sampler that gives such a tensor
            for a shape ``[S]``, such as ``Normal(loc, scale).sample`` with ``loc`` of shape ``[N, B]``.
        samples: S for a sampler.

    Raises:
        ValueError: z not ``[N, D]``, dimensions that it does not have, draws of another shape, not finite, or fewer
            than two.

    References:
        Joy, Schmon, Torr, Siddharth, Rainforth, "Capturing Label Characteristics in VAEs" (ICLR 2021): diversity of
        conditional generations.

    Example:
        >>> decode = lambda z: z[:, None, None] * torch.tensor([1.0, 2.0])
        >>> found = variance_map(decode, torch.zeros(1, 2), block=[1], draws=torch.tensor([[[-1.0]], [[1.0]]]))
        >>> found.variance, found.diversity
        (array([[[[0., 8.]]]]), 8.0)
    """
    code = as_codes(z)
    dimensions = as_block("block", block, code)
    wanted = (len(code), len(dimensions))
    given = draws if isinstance(draws, Tensor) else draws(torch.Size([max(samples, 0)]))
    fits = given.ndim == 3 and given.shape[1] in (1, wanted[0]) and given.shape[2] == wanted[1]
    if not fits or len(given) < 2 or not given.isfinite().all():
        raise ValueError(
            f"draws: expected two finite draws or more of {wanted[1]} dimensions, shape [S, {wanted[0]}, {wanted[1]}] "
            f"or [S, 1, {wanted[1]}]; got {list(given.shape)}, {int((~given.isfinite()).sum())} values not finite.\n"
            "Try one of:\n"
            "- draws=Normal(loc, scale).sample with loc and scale of shape [N, B]\n"
            "- draws[:, None] for draws [S, B] that serve every row\n"
            "- samples=64"
        )
    mean, square = np.zeros(()), np.zeros(())
    with torch.no_grad():
        for s, drawn in enumerate(given.detach().to(code)):
            moved = code.clone()
            moved[:, dimensions] = drawn
            image = as_numpy(decode(moved)).astype(float)
            step = image - mean
            mean = mean + step / (s + 1)
            square = square + step * (image - mean)  # Welford: no difference of large numbers
    variance = square / (len(given) - 1)
    total = variance.reshape(len(code), -1).sum(1)
    return VarianceMap(
        mean=mean,
        variance=variance,
        diversity=float(total.mean()),
        standard_error=float(total.std(ddof=1)) / len(total) ** 0.5 if len(total) > 1 else float("nan"),
    )
