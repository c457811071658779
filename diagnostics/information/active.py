"""Active units: dimensions whose posterior mean moves with the row."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch.distributions import Distribution

from ..arrays import Array, as_numpy

__all__ = ["ActiveUnits", "active_units"]


@dataclass(frozen=True)
class ActiveUnits:
    """Which of D dimensions are active.

    Attributes:
        variance: ``[D]``, of the posterior mean over rows.
        active: ``[D]`` booleans.
    """

    variance: np.ndarray
    active: np.ndarray

    @property
    def count(self) -> int:
        """How many are."""
        return int(self.active.sum())


def active_units(posterior: Distribution | Array, threshold: float = 0.01) -> ActiveUnits:
    r"""Dimensions whose posterior mean varies over the rows, :math:`\mathrm{Var}_x(E[z_j | x]) > \text{threshold}`.

    It depends on the scale of a dimension, and misses what a dimension says by its scale alone: beside
    :func:`mutual_information` it is a rough count.

    Args:
        posterior: a distribution with batch ``[N]`` and event ``[D]`` or batch ``[N, D]``, or the means ``[N, D]``.
        threshold: in squared units of the code.

    Raises:
        ValueError: for another shape, or means that are not finite.

    References:
        Burda, Grosse, Salakhutdinov, Importance Weighted Autoencoders (ICLR 2016), section 5.2.

    Example:
        >>> active_units(np.array([[-1.0, 0.0], [1.0, 0.1]])).active
        array([ True, False])
    """
    given: Any = posterior.mean if isinstance(posterior, Distribution) else posterior
    mean = as_numpy(given).astype(float)
    if mean.ndim != 2 or mean.size == 0 or not np.isfinite(mean).all():
        raise ValueError(
            f"posterior: expected finite posterior means [rows, dimensions]; given {list(mean.shape)}, "
            f"{int((~np.isfinite(mean)).sum())} of them not finite.\n"
            "Try one of:\n- mean[:, None] for a single dimension\n- q.to_event(1) over one latent vector"
        )
    variance = mean.var(0)
    return ActiveUnits(variance, variance > threshold)
