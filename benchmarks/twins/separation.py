"""Class separation: the nats by which the gates fall short of telling the classes apart."""

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from .spikes import entropy

__all__ = ["shortfall"]


def shortfall(gate: Tensor, y: Tensor, labelled: Tensor | None, classes: int, nats: float = 5.0) -> Tensor:
    r"""The labelled share of the batch times :math:`\max(0, \text{nats} - \sum_i I(Y; \Gamma_i))`.

    Args:
        gate: ``[B, D]``.
        y: ``[B]`` classes 0 ... C - 1.
        labelled: boolean ``[B]``, or None.
        classes: C.
        nats: that are enough.
    """
    member = one_hot(y, classes).to(gate.dtype)
    if labelled is not None:
        member = member * labelled[:, None]
    size = member.sum(0)
    rows = size.sum()
    total = member.T @ gate  # [C, D]
    mean = torch.where(size[:, None] > 0, total / size[:, None].clamp(min=1), 0.5)
    whole = torch.where(rows > 0, total.sum(0) / rows.clamp(min=1), 0.5)
    information = entropy(whole).sum() - size @ entropy(mean).sum(1) / rows.clamp(min=1)
    return rows / len(gate) * (nats - information).clamp(min=0)
