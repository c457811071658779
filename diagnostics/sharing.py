"""Which classes use which dimensions: class means of the gates, overlap of classes, and the role of each dimension."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import Array, as_gate, as_label, as_numpy

__all__ = ["Roles", "Sharing", "category_sharing", "class_gate", "dimension_roles"]

ROLES = ("global", "shared", "specific", "rare", "unused")  # in the order of reading


def class_gate(gate: Array, y: Array, classes: int | Sequence[str] | None = None) -> np.ndarray:
    """Mean gate of each class in each dimension.

    Args:
        gate: ``[N, D]``, spike probabilities.
        y: ``[N]``, labels ``0 .. C - 1``.
        classes: their number C or their names; ``None`` takes the largest label met.

    Returns:
        ``[C, D]``; a class without a row is a row of NaN.

    Raises:
        ValueError: gates outside ``[0, 1]`` or NaN, lengths that differ, a label outside ``0 .. C - 1``.

    Example:
        >>> class_gate(np.array([[1.0, 0.0], [0.5, 0.0], [0.0, 1.0]]), np.array([0, 0, 1]))
        array([[0.75, 0.  ],
               [0.  , 1.  ]])
    """
    gate = as_gate(gate)
    label = as_numpy(as_label(y, len(gate)))
    number = classes if isinstance(classes, int) else int(label.max()) + 1 if classes is None else len(classes)
    if label.min() < 0 or label.max() >= number:
        raise ValueError(
            f"y: expected labels from 0 to {number - 1}; got labels from {label.min()} to {label.max()}.\n"
            "Try one of:\n"
            "- classes= with every class of the data set\n"
            "- gate[y >= 0], y[y >= 0] when negative numbers stand for rows without a label"
        )
    belongs = np.eye(number)[:, label]  # [C, N]
    size = belongs.sum(1, keepdims=True)
    total = belongs @ as_numpy(gate).astype(np.float64)
    return np.divide(total, size, out=np.full(total.shape, np.nan), where=size > 0)


@dataclass(frozen=True)
class Sharing:
    """How alike two classes' activation patterns are. NaN in the rows and columns of a class that was not met.

    Attributes:
        jaccard: ``[C, C]``, overlap of the sets of active dimensions, {mean gate > threshold}; two empty sets overlap
            wholly (1).
        cosine: ``[C, C]``, cosine of the vectors of mean gates; 0 against a class whose gates are all 0.
        active: ``[C]``, number of active dimensions.
        threshold: above which a class's mean gate counts as active.
    """

    jaccard: np.ndarray
    cosine: np.ndarray
    active: np.ndarray
    threshold: float


def category_sharing(
    gate: Array, y: Array, threshold: float = 0.25, *, classes: int | Sequence[str] | None = None
) -> Sharing:
    r"""Overlap of the classes' activation patterns: Jaccard of active sets, cosine of mean gates.

    .. math::
        J_{cd} = \frac{|A_c \cap A_d|}{|A_c \cup A_d|}, \quad A_c = \{j : \bar\gamma_{cj} > t\}, \qquad
        \cos_{cd} = \frac{\bar\gamma_c^\top \bar\gamma_d}{\|\bar\gamma_c\| \|\bar\gamma_d\|}

    Args:
        gate: ``[N, D]``, spike probabilities.
        y: ``[N]``, labels ``0 .. C - 1``.
        threshold: t, above which the mean gate of a class makes a dimension active in it.
        classes: number or names of the classes; ``None`` takes the largest label met.

    Raises:
        ValueError: as :func:`class_gate`.

    References:
        Sangari Abiz et al., arXiv 2505.14476: dimensions shared within shoes and within tops of Fashion-MNIST.

    Example:
        >>> gate = np.array([[0.9, 0.9, 0.0], [0.9, 0.0, 0.0], [0.0, 0.0, 0.9]])
        >>> category_sharing(gate, np.arange(3)).jaccard
        array([[1. , 0.5, 0. ],
               [0.5, 1. , 0. ],
               [0. , 0. , 1. ]])
    """
    mean = class_gate(gate, y, classes)
    met = np.asarray(np.isfinite(mean).all(1))
    known = met[:, None] & met

    active = (mean > threshold).astype(float)
    count = active.sum(1)
    shared = active @ active.T
    union = count[:, None] + count - shared
    jaccard = np.divide(shared, union, out=np.ones_like(union), where=union > 0)

    length = np.linalg.norm(mean, axis=1)
    scale = np.outer(length, length)
    cosine = np.divide(mean @ mean.T, scale, out=np.zeros_like(scale), where=scale > 0)
    return Sharing(
        jaccard=np.where(known, jaccard, np.nan),
        cosine=np.where(known, cosine, np.nan),
        active=count.astype(int),
        threshold=threshold,
    )


@dataclass(frozen=True)
class Roles:
    """The role of each of D dimensions among C classes.

    Attributes:
        role: ``[D]`` of "global", "shared", "specific", "rare" (used, yet active in no class) or "unused".
        active: ``[C, D]``, whether the dimension is active in the class.
        threshold: above which a class's mean gate counts as active.
        global_from: the least number of classes of a global dimension.
        specific_to: the largest of a specific one.
    """

    role: np.ndarray
    active: np.ndarray
    threshold: float
    global_from: int
    specific_to: int

    @property
    def order(self) -> np.ndarray:
        """``[D]``, dimensions in the order of reading: by role; within a role by their classes, first class first."""
        rank = [ROLES.index(role) for role in self.role]
        return np.lexsort((*(~self.active)[::-1], rank))

    @property
    def counts(self) -> dict[str, int]:
        """Number of dimensions of each role."""
        return {role: int((self.role == role).sum()) for role in ROLES}

    def names(self, classes: Sequence[str]) -> list[str]:
        """A name for each dimension, such as ``"z3 specific: Sandal"``; global, rare and unused ones name no class."""
        return [
            f"z{j} {role}"
            + (": " + ", ".join(np.asarray(classes)[self.active[:, j]]) if role in ("shared", "specific") else "")
            for j, role in enumerate(self.role)
        ]


def dimension_roles(
    class_gate: Array,
    used: Array | None = None,
    threshold: float = 0.25,
    *,
    global_share: float = 0.9,
    specific_share: float = 0.3,
) -> Roles:
    """Whether a dimension speaks of all classes, of several, of a few or of none.

    A dimension is active in a class when the class's mean gate exceeds ``threshold``. It is *global* when active in at
    least ``global_share`` of the classes (9 of 10), *specific* when active in at least one and at most
    ``specific_share`` of them (3 of 10, and never fewer than one), *shared* in between, and *unused* when ``used`` says
    so. A dimension active in no class is *unused* too, unless ``used`` holds it for used: then it is *rare*, open on
    some rows of classes that mostly keep it shut.

    Args:
        class_gate: ``[C, D]``, mean gate of each class (:func:`class_gate`); a row of NaN is a class not met, and not
            counted.
        used: ``[D]`` booleans (:func:`used_dimensions`); ``None`` judges by the gates alone.
        threshold: of the mean gate, above which a dimension is active in a class.
        global_share: the least share of the classes in which a global dimension is active.
        specific_share: the largest share of them in which a specific one is.

    Raises:
        ValueError: fewer than two classes met, values outside ``[0, 1]``, or ``used`` of another length than D.

    References:
        Sangari Abiz et al., arXiv 2505.14476: global and class-specific dimensions, traversed.

    Example:
        >>> mean = np.array([[0.9, 0.8, 0.0, 0.1], [0.9, 0.0, 0.0, 0.1], [0.7, 0.6, 0.9, 0.0]])
        >>> dimension_roles(mean).names(["boot", "bag", "coat"])
        ['z0 global', 'z1 shared: boot, coat', 'z2 specific: coat', 'z3 unused']
    """
    mean = as_numpy(class_gate)
    met = np.asarray(~np.isnan(mean).all(1)) if mean.ndim == 2 else np.zeros(0, dtype=bool)
    if met.sum() < 2 or not ((mean[met] >= 0) & (mean[met] <= 1)).all():
        raise ValueError(
            f"class_gate: expected mean gates in [0, 1] of at least two classes, shape [classes, dimensions]; "
            f"got shape {list(mean.shape)} with {met.sum()} classes met.\n"
            "Try one of:\n"
            "- class_gate(gate, y), the mean over the rows of each class\n"
            "- a part of the data set that holds more classes"
        )
    wanted = np.ones(mean.shape[1], dtype=bool) if used is None else as_numpy(used).astype(bool)
    if wanted.shape != mean.shape[1:]:
        raise ValueError(
            f"used: expected one boolean for each of the {mean.shape[1]} dimensions; got shape {list(wanted.shape)}.\n"
            "Try one of:\n"
            "- used_dimensions(gate, clamp_cost(reconstruction, z))\n"
            "- used=None to judge by the gates alone"
        )
    active = mean > threshold
    tolerance = 1e-9  # a share such as 0.3 is no exact binary fraction
    global_from = math.ceil(global_share * met.sum() - tolerance)
    specific_to = max(1, math.floor(specific_share * met.sum() + tolerance))
    count = active.sum(0)
    silent = count == 0
    role = np.select(
        [
            ~wanted | (silent & (used is None)),
            silent,
            count >= global_from,
            count <= specific_to,
        ],
        ["unused", "rare", "global", "specific"],
        default="shared",
    )
    return Roles(role=role, active=active, threshold=threshold, global_from=global_from, specific_to=specific_to)
