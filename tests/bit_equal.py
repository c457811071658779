"""Equality of nested plain values, bit for bit in their tensors."""

from typing import Any

import torch

__all__ = ["same"]


def same(a: Any, b: Any) -> bool:
    """Whether two checkpoints, or parts of them, hold the same."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b
