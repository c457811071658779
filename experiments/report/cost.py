"""What each dimension of a run's code is worth to its reconstructions."""

import numpy as np
from torch import Tensor

from ...diagnostics import clamp_cost
from ...inference import Run

__all__ = ["dimension_cost"]


def dimension_cost(run: Run, z: Tensor, x: Tensor) -> np.ndarray:
    """What holding a dimension at its mean costs, in nats per row (:func:`~pellucid.diagnostics.clamp_cost`).

    A dimension that is the same in all rows is at its mean already: it costs nothing, and no decoding.

    Args:
        run: whose decoder is asked.
        z: ``[N, D]``, codes.
        x: ``[N, C, H, W]``, their images.

    Returns:
        ``[D]``.
    """
    varies = (z != z[0]).any(0)
    cost = np.zeros(z.shape[1])

    def reconstruction(some: Tensor) -> Tensor:
        whole = z.clone()
        whole[:, varies] = some
        return run.reconstruction(whole, x)

    if varies.any():
        cost[varies.numpy()] = clamp_cost(reconstruction, z[:, varies])
    return cost
