"""Figures as JSON has them."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

__all__ = ["plain"]


def plain(value: Any) -> Any:
    """The same as JSON has it, None for numbers that are not finite.

    Example:
        >>> plain({"used": np.array([True, False]), "ratio": np.float32("inf"), "roles": ("global",)})
        {'used': [True, False], 'ratio': None, 'roles': ['global']}
    """
    if isinstance(value, (Tensor, np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
