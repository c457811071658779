"""What a step along a dimension changes in the image, where the dimension is activated and where it is not."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..arrays import Array, as_numpy
from ..interventions.blocks import as_codes
from ..interventions.selectivity import error

__all__ = ["VariationCost", "variation_cost"]


@dataclass(frozen=True)
class VariationCost:
    """Mean squared change of a pixel at a step of one standard deviation, in squared units of the pixels.

    Attributes:
        dimension: ``[D]``, along each dimension.
        dimension_error: ``[D]``, standard errors over the rows; NaN from one row.
        active: mean over the activated dimensions; NaN if there are none.
        active_error: its standard error, with the dimensions of one row taken together.
        inactive: mean over the others.
        inactive_error: its standard error.
    """

    dimension: np.ndarray
    dimension_error: np.ndarray
    active: float
    active_error: float
    inactive: float
    inactive_error: float


def variation_cost(decode: Callable[[Tensor], Tensor], z: Tensor, scale: float | Array, active: Array) -> VariationCost:
    r"""How much the image changes when one dimension moves by one standard deviation, to either side.

    .. math:: c_{nj} = \frac1{2P} \sum_{\pm} \big\| \mathrm{decode}(z_n \pm s_j e_j) - \mathrm{decode}(z_n) \big\|^2

    with P pixels. A decoder that an inactive dimension does not reach draws the same image wherever the dimension is.

    Args:
        decode: from codes ``[N, D]`` to images ``[N, ...]``, such as the mean of the likelihood. Called 2 D + 1 times,
            without gradients: some hundred rows are enough.
        z: ``[N, D]``, such as posterior means.
        scale: the steps :math:`s_j`, a number or ``[D]``: standard deviations of the prior's components, or of *draws*
            of the code. Means of an inactive dimension hardly move: with their standard deviation it would seem cheap
            whatever the decoder does.
        active: ``[D]`` booleans, or ``[N, D]`` for each row its own, such as ``activated_subspace(...).activated[y]``.

    Raises:
        ValueError: z not ``[N, D]``, steps that are not positive, or booleans of another shape.

    References:
        An, Choi, Jeon, "EXoN: EXplainable encoder Network" (arXiv 2105.10867) vary an activated and an inactive
        dimension beside one another; to measure the pixels is our choice.

    Example:
        >>> decode = lambda z: z[:, :1].expand(-1, 4)
        >>> cost = variation_cost(decode, torch.zeros(5, 2), scale=2.0, active=np.array([True, False]))
        >>> cost.active, cost.inactive
        (4.0, 0.0)
    """
    code = as_codes(z)
    step = steps(scale, code.shape[1])
    mask = as_numpy(active)
    if mask.dtype != bool or mask.shape not in (code.shape[1:], code.shape):
        raise ValueError(
            f"active: expected booleans of shape {list(code.shape[1:])}, or {list(code.shape)} for each row its own; "
            f"got {list(mask.shape)} of {mask.dtype}.\n"
            "Try one of:\n"
            "- activated_subspace(v_nat).activated.any(0) for the union over the classes\n"
            "- activated_subspace(v_nat).activated[y] for the class of each row"
        )

    def image(at: Tensor) -> np.ndarray:
        return as_numpy(decode(at)).reshape(len(at), -1).astype(float)

    change = np.empty(code.shape)
    with torch.no_grad():
        start = image(code)
        for j, distance in enumerate(step):
            along = torch.zeros_like(code)
            along[:, j] = distance
            change[:, j] = np.mean([((image(code + move) - start) ** 2).mean(1) for move in (along, -along)], 0)
    whole = np.broadcast_to(mask, change.shape)
    return VariationCost(change.mean(0), error(change, 0), *over(change, whole), *over(change, ~whole))


def steps(scale: float | Array, D: int) -> np.ndarray:
    """Steps ``[D]`` from a number or ``[D]``.

    Raises:
        ValueError: another shape, or steps that are not positive and finite.

    Example:
        >>> steps(2.0, D=3)
        array([2., 2., 2.])
    """
    given = as_numpy(np.asarray(scale) if isinstance(scale, float | int) else scale).astype(float)
    if given.shape not in ((), (D,)) or not (np.isfinite(given) & (given > 0)).all():
        raise ValueError(
            f"scale: expected a positive standard deviation, or {D} of them, shape [{D}]; "
            f"got {list(given.shape)}, {int((~(given > 0)).sum())} of them not positive.\n"
            "Try one of:\n"
            "- scale=prior_variance**0.5\n"
            "- scale=posterior.sample().std(0), of draws and not of means"
        )
    return np.broadcast_to(given, (D,))


def over(change: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
    """Mean of the row means ``[N, D]`` where the mask is, and its standard error; rows without any are left out.

    Example:
        >>> over(np.array([[1.0, 3.0], [2.0, 9.0]]), np.array([[True, True], [True, False]]))
        (2.0, 0.0)
    """
    met = mask.any(1)
    if not met.any():
        return float("nan"), float("nan")
    row = (change * mask)[met].sum(1) / mask[met].sum(1)
    return float(row.mean()), float(error(row, 0))
