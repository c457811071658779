"""What a dimension draws: the pixels that change when it is switched off."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from .arrays import as_numpy

__all__ = ["drawn_by"]


def drawn_by(
    decode: Callable[[Tensor], Tensor], z: Tensor, dimensions: Sequence[int] | None = None, *, max_rows: int = 256
) -> np.ndarray:
    r"""The signed picture that each dimension adds to an image, as a change of pixels against the dimension at zero.

    .. math::
        d_j = s_j \, \frac{\sum_n z_{nj} \Delta_{nj}}{\sqrt{N_j \sum_n z_{nj}^2}}, \qquad
        \Delta_{nj} = \mathrm{decode}(z_n) - \mathrm{decode}(z_n \text{ with } z_{nj} = 0), \quad s_j = \mathrm{sign}
        \sum_n z_{nj}

    over the :math:`N_j` rows on which the dimension is on, :math:`z_{nj} \ne 0`. A plain mean of :math:`\Delta` would
    cancel where rows lie on both sides of zero; weighted by :math:`z` it is the least-squares change per unit of
    :math:`z`, times the root mean square of :math:`z` where on: the change one typical step away from zero, toward the
    side on which the rows lie. For a linear decoder it is :math:`\mathrm{rms}(z_j)` times the dimension's own image;
    where all rows hold one value, it is the mean of :math:`\Delta`.

    Args:
        decode: from codes ``[M, D]`` to images ``[M, ...]``, such as the mean of the likelihood. Called once for each
            dimension, and without gradients.
        z: ``[N, D]``, codes of rows as the data give them; with hard gates for a sparse code, so that off means zero.
        dimensions: K of the D dimensions; ``None`` for all.
        max_rows: of those on which a dimension is on, the number taken, from the first.

    Returns:
        ``[K, ...]``, in units of a pixel; zeros for a dimension that is never on.

    Raises:
        ValueError: z not ``[N, D]``, or a dimension that it does not have.

    Example:
        >>> images = torch.tensor([[[1.0, 0.0]], [[0.0, 3.0]]])
        >>> drawn_by(lambda z: torch.einsum("nd,dhw->nhw", z, images), torch.tensor([[2.0, 0.0], [2.0, -1.0]]))
        array([[[ 2.,  0.]],
        <BLANKLINE>
               [[ 0., -3.]]], dtype=float32)
    """
    chosen = list(range(z.shape[-1])) if dimensions is None else list(dimensions)
    if z.ndim != 2 or len(z) == 0 or not chosen or min(chosen) < 0 or max(chosen) >= z.shape[1]:
        raise ValueError(
            f"dimensions: expected indices from 0 to D - 1 of codes z of shape [N, D]; "
            f"got {chosen} and z of shape {list(z.shape)}.\n"
            "Try one of:\n"
            "- dimensions=None for all of them\n"
            "- z[None] for a single row"
        )
    column = torch.arange(z.shape[1], device=z.device)

    def draw(j: int) -> Tensor:
        on = z[z[:, j] != 0][:max_rows]
        code = on if len(on) else z[:1]  # never on: one row gives the shape, and a difference of zero
        whole, without = decode(torch.cat([code, torch.where(column == j, 0.0, code)])).chunk(2)
        step = code[:, j]
        rms = step.square().mean().sqrt()
        weight = step / rms if rms > 0 else step
        side = -1.0 if step.sum() < 0 else 1.0
        return side * torch.einsum("n,n...->...", weight, whole - without) / len(code)

    with torch.no_grad():
        return np.stack([as_numpy(draw(j)) for j in chosen])
