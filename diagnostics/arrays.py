"""What enters this room, checked once: numpy or torch arrays of gates and labels become tensors that can be trusted."""

import numpy as np
import torch
from torch import Tensor

__all__ = ["Array", "as_gate", "as_label", "as_numpy"]

Array = np.ndarray | Tensor


def as_numpy(value: Array) -> np.ndarray:
    """A numpy array on the CPU from a numpy or torch array on any device; bfloat16 becomes float32."""
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        return (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    return np.asarray(value)


def as_gate(gate: Array) -> Tensor:
    """Spike probabilities ``[N, D]`` as a detached floating tensor on their own device.

    Raises:
        ValueError: not two-dimensional, empty, NaN, or outside ``[0, 1]``.
    """
    gate = as_tensor(gate)
    if gate.dtype not in (torch.float32, torch.float64):
        gate = gate.float()
    if gate.ndim != 2 or gate.numel() == 0:
        raise ValueError(
            f"gate: expected spike probabilities of shape [rows, dimensions], none of them empty; "
            f"got {list(gate.shape)}.\n"
            "Try one of:\n"
            "- gate[None] for a single row\n"
            "- gate.flatten(0, -2) when rows come in several axes"
        )
    low, high = gate.min().item(), gate.max().item()
    if not (low >= 0 and high <= 1):  # NaN fails both comparisons
        raise ValueError(
            f"gate: expected probabilities in [0, 1]; got values from {low:.3g} to {high:.3g}.\n"
            "Try one of:\n"
            "- gate.sigmoid() when these are logits\n"
            "- look for NaN in the guide's output: the run may have diverged"
        )
    return gate


def as_label(y: Array, rows: int) -> Tensor:
    """Integer labels ``[N]`` as a tensor on their own device.

    Raises:
        ValueError: of another length than ``rows``, not one-dimensional, or not whole numbers (NaN included).
    """
    y = as_tensor(y)
    if y.shape != (rows,):
        raise ValueError(
            f"y: expected one label for each of the {rows} rows, shape [{rows}]; got {list(y.shape)}.\n"
            "Try one of:\n"
            "- y[:, i] for one of several attributes\n"
            "- the same selection of rows for both"
        )
    if y.is_floating_point() and not torch.equal(y, y.round()):  # NaN is unequal to itself
        raise ValueError(
            "y: expected whole numbers, one class each; got fractions or NaN.\n"
            "Try one of:\n"
            "- gate[labelled], y[labelled] to leave out rows without a label\n"
            "- y.argmax(-1) for one-hot or probability rows"
        )
    return y.long()


def as_tensor(value: Array) -> Tensor:
    """A detached tensor where it lies; numpy is copied, for torch takes neither read-only nor reversed arrays."""
    return value.detach() if isinstance(value, Tensor) else torch.from_numpy(np.array(value))
