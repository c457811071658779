"""The activated latent subspace: the dimensions in which the posterior of a class is narrower than the prior."""

from dataclasses import dataclass

import numpy as np

from ..arrays import Array, as_numpy
from .v_nat import VNat

__all__ = ["ActivatedSubspace", "activated_subspace"]


@dataclass(frozen=True)
class ActivatedSubspace:
    """Which of D dimensions are activated, for each of K classes.

    Attributes:
        activated: ``[K, D]`` booleans.
        threshold: nats of V-nat above which a dimension counts.
    """

    activated: np.ndarray
    threshold: float

    @property
    def dimensions(self) -> list[np.ndarray]:
        """For each class the numbers of its activated dimensions."""
        return [np.flatnonzero(row) for row in self.activated]

    @property
    def union(self) -> np.ndarray:
        """The numbers of the dimensions that are activated for one class or more."""
        return np.flatnonzero(self.activated.any(0))

    @property
    def count(self) -> int:
        """How many are in the union."""
        return len(self.union)


def activated_subspace(v_nat: VNat | Array, threshold: float = 1.0) -> ActivatedSubspace:
    r"""The dimensions whose V-nat exceeds a threshold, :math:`\{j : V_{kj} > t\}`, for each class.

    Args:
        v_nat: of K classes in D dimensions (:func:`v_nat`), or its values ``[K, D]``, or ``[D]`` of one class. NaN, a
            class without a row, activates nothing.
        threshold: t, in nats.

    Raises:
        ValueError: values of another shape.

    References:
        An, Choi, Jeon, "EXoN: EXplainable encoder Network" (arXiv 2105.10867): the activated latent subspace, with a
        threshold of 1.

    Example:
        >>> subspace = activated_subspace(np.array([[0.0, 3.1, 0.9], [1.2, 2.0, 0.0]]))
        >>> subspace.dimensions, subspace.union
        ([array([1]), array([0, 1])], array([0, 1]))
    """
    value = as_numpy(v_nat.value if isinstance(v_nat, VNat) else v_nat).astype(float)
    if value.ndim not in (1, 2) or value.size == 0:
        raise ValueError(
            "v_nat: expected values of shape [classes, dimensions], or [dimensions] of one class; "
            f"got {list(value.shape)}.\n"
            "Try one of:\n"
            "- v_nat(variance, y, prior_variance)"
        )
    return ActivatedSubspace(np.atleast_2d(value) > threshold, threshold)
