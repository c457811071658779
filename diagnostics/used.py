"""Which dimensions the model uses: those that vary with the image, and that the reconstruction would miss."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from .arrays import Array, as_gate, as_numpy
from .information import INFORMATIVE

__all__ = ["clamp_cost", "used_dimensions"]


def clamp_cost(reconstruction: Callable[[Tensor], Tensor], z: Tensor) -> np.ndarray:
    r"""Rise of the reconstruction loss when one dimension is held at its mean, in nats per row.

    .. math:: \mathrm{cost}_j = \frac1N \sum_n \big[ \ell_n(z_n \text{ with } z_{nj} = \bar z_j) - \ell_n(z_n) \big]

    Args:
        reconstruction: from codes ``[N, D]`` to each row's loss ``[N]``, :math:`\ell_n = -\log p(x_n | z_n)` in nats,
            for rows fixed by the caller. Called D + 1 times, without gradients.
        z: ``[N, D]``, codes of those rows; with hard gates for a sparse code.

    Returns:
        ``[D]``, nats; negative where the dimension does harm.

    Raises:
        ValueError: z not ``[N, D]``, a loss of another shape than ``[N]``, or a loss that is not finite.

    Example:
        >>> z = torch.tensor([[-1.0, 5.0], [1.0, 5.0]])
        >>> x = torch.tensor([-1.0, 1.0])
        >>> clamp_cost(lambda z: (x - z[:, 0]) ** 2 / 2, z)
        array([0.5, 0. ])
    """
    if z.ndim != 2 or z.numel() == 0:
        raise ValueError(
            f"z: expected codes of shape [rows, dimensions], none of them empty; got {list(z.shape)}.\n"
            "Try one of:\n"
            "- z[None] for a single row"
        )

    def loss(code: Tensor) -> float:
        value = reconstruction(code)
        if value.shape != z.shape[:1] or not value.isfinite().all():
            raise ValueError(
                f"reconstruction: expected one finite loss in nats for each of the {len(z)} rows, shape [{len(z)}]; "
                f"got {list(value.shape)}, {int((~value.isfinite()).sum())} of them not finite.\n"
                "Try one of:\n"
                "- likelihood.log_prob(x).sum over the pixels, negated, and not over the rows\n"
                "- probabilities kept away from 0 and 1, where log p is infinite"
            )
        return value.cpu().double().mean().item()

    with torch.no_grad():
        whole, mean = loss(z), z.mean(0)
        column = torch.arange(z.shape[1], device=z.device)
        return np.array([loss(torch.where(column == j, mean, z)) - whole for j in range(z.shape[1])])


def used_dimensions(
    gate: Array | None,
    clamp_cost: Array,
    information: Array | None = None,
    *,
    cost: float = 0.1,
    nats: float = INFORMATIVE,
) -> np.ndarray:
    r"""The one definition of a used dimension, wherever one is counted.

    A dimension is used when it varies with the image, **and** holding it at its mean raises the reconstruction loss by
    more than ``cost`` nats. It varies with the image when its gate exceeds 1/2 on 1 to 99 % of the rows, **or** when it
    carries more than ``nats`` of information. A gate that is open on every row, as a global dimension's may be, passes
    by its information alone.

    Args:
        gate: ``[N, D]``, spike probabilities; ``None`` for codes without gates.
        clamp_cost: ``[D]``, nats (:func:`clamp_cost`).
        information: ``[D]``, mutual information :math:`I(x; z_j)` in nats; ``None`` judges by the gates alone.
        cost: the least rise of the reconstruction loss, in nats.
        nats: the least information.

    Returns:
        ``[D]``, booleans.

    Raises:
        ValueError: neither ``gate`` nor ``information``, gates outside ``[0, 1]``, lengths that differ, NaN.

    Example:
        >>> gate = np.array([[0.9, 1.0, 1.0, 0.1], [0.1, 1.0, 1.0, 0.9]])
        >>> used_dimensions(gate, np.array([5.0, 5.0, 5.0, 0.0]), information=np.array([1.0, 1.0, 0.0, 1.0]))
        array([ True,  True, False, False])
    """
    if gate is None and information is None:
        raise ValueError(
            "gate: expected gates, or information, to tell which dimensions vary with the image; got neither.\n"
            "Try one of:\n"
            "- gate= the spike probabilities [N, D] of a sparse code\n"
            "- information= the mutual information I(x; z_j) [D] of a dense one"
        )
    price = finite("clamp_cost", clamp_cost)
    varies = np.zeros(price.shape, dtype=bool)
    if gate is not None:
        share = as_numpy((as_gate(gate) > 0.5).double().mean(0))
        agree("gate", share, price)
        varies |= (share >= 0.01) & (share <= 0.99)
    if information is not None:
        carried = finite("information", information)
        agree("information", carried, price)
        varies |= carried > nats
    return varies & (price > cost)


def finite(name: str, value: Array) -> np.ndarray:
    """A vector ``[D]`` of finite numbers, or a ValueError that names it."""
    vector = as_numpy(value).astype(float)
    if vector.ndim != 1 or not np.isfinite(vector).all():
        raise ValueError(
            f"{name}: expected one finite number of nats for each dimension, shape [D]; "
            f"got shape {list(vector.shape)}, {int((~np.isfinite(vector)).sum())} values not finite.\n"
            "Try one of:\n"
            "- a mean over the rows, when these are values of single rows"
        )
    return vector


def agree(name: str, value: np.ndarray, price: np.ndarray) -> None:
    """Refuse two counts of dimensions."""
    if value.shape != price.shape:
        raise ValueError(
            f"{name}: expected as many dimensions as clamp_cost, {len(price)}; got {len(value)}.\n"
            "Try one of:\n"
            "- the same selection of dimensions for both"
        )
