"""What the gates tell of the class, and what they tell beside it."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...distributions import entropy
from ...inference import class_information
from ..report.partition import Partition

__all__ = ["gate_information"]


def gate_information(gate: Tensor, parts: Sequence[Partition]) -> tuple[Tensor, Tensor]:
    r"""The information in each spike, split into that on the class and that on the row within its class, in nats.

    .. math:: H(\bar\gamma_j) - \frac1N \sum_n H(\gamma_{nj}) = I(Y; \Gamma_j) + I(X; \Gamma_j | Y)

    Both are plug-in estimates from the rows given: with few rows of a class the first is a little too high and the
    second too low, by the same amount.

    Args:
        gate: ``[N, D]``.
        parts: partitions of the N rows; the mean over them is taken.

    Returns:
        :math:`I(Y; \Gamma_j)` and :math:`I(X; \Gamma_j | Y)`, each ``[D]``.

    Example:
        >>> y = torch.tensor([0, 0, 1, 1])
        >>> part = Partition("class", ("a", "b"), y, torch.ones(4, dtype=torch.bool))
        >>> of_class, within = gate_information(torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), [part])
        >>> of_class.exp().round().tolist(), within.exp().round().tolist()
        ([2.0, 1.0], [1.0, 2.0])
    """
    split = []
    for part in parts:
        known = gate[part.known].double()
        whole = entropy(known.mean(0)) - entropy(known).mean(0)
        of_class = class_information(known, part.y[part.known])
        split.append(torch.stack([of_class, whole - of_class]))
    of_class, within = torch.stack(split).mean(0)
    return of_class, within
