"""The labels of a batch, attribute by attribute, once they are known to fit its gates."""

import torch
from torch import Tensor

__all__ = ["attributes"]


def attributes(gate: Tensor, labels: Tensor, labelled: Tensor | None) -> list[tuple[Tensor, Tensor]]:
    """Labels ``[B]`` and boolean mask ``[B]`` of each attribute.

    Args:
        gate: ``[B, D]``.
        labels: ``[B]`` or ``[B, L]``.
        labelled: boolean ``[B]`` or ``[B, L]``. None: all rows are labelled.

    Raises:
        ValueError: if the shapes do not fit, or the mask is not boolean.

    Example:
        >>> [(y.tolist(), known.tolist()) for y, known in attributes(torch.rand(2, 5), torch.eye(2).long(), None)]
        [([1, 0], [True, True]), ([0, 1], [True, True])]
    """
    if gate.dim() != 2 or labels.dim() not in (1, 2) or len(labels) != len(gate):
        raise ValueError(
            f"class consistency: expected gate [B, D] and labels [B] or [B, L]; given {list(gate.shape)} and "
            f"{list(labels.shape)}.\n"
            "Try one of:\n- gates of one draw a row: not below an enumerated label, not of several particles at once\n"
            "- labels.argmax(-1) for one-hot labels"
        )
    known = torch.ones_like(labels, dtype=torch.bool) if labelled is None else labelled
    if known.dtype != torch.bool or known.shape not in (labels.shape, labels.shape[:1]):
        raise ValueError(
            f"labelled: expected a boolean mask {list(labels.shape)} or {list(labels.shape[:1])}; "
            f"given {known.dtype} {list(known.shape)}.\n"
            "Try one of:\n- labelled.bool() for a mask of zeros and ones\n- labelled=None if every row has its label"
        )
    labels = labels[:, None] if labels.dim() == 1 else labels
    known = (known[:, None] if known.dim() == 1 else known).expand(labels.shape)
    return list(zip(labels.unbind(1), known.unbind(1), strict=True))
