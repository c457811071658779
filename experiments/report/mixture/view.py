"""The plane of a latent space in which the centres of a mixture are looked at."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["View", "find_view"]

FLAT = 1e-3
"""Centres less than this part of their distance from a line lie on it."""


@dataclass(frozen=True)
class View:
    """A plane in D dimensions, with coordinates of its own.

    Attributes:
        origin: ``[D]``, the code at (0, 0).
        axes: ``[2, D]``, orthonormal.
        names: of the two coordinates.
        classes: those whose centres lie in the plane.
    """

    origin: Tensor
    axes: Tensor
    names: tuple[str, str]
    classes: tuple[int, ...]

    def coordinates(self, z: Tensor) -> Tensor:
        """Where codes ``[..., D]`` fall at right angles onto the plane, ``[..., 2]``."""
        return (z - self.origin) @ self.axes.T

    def variance(self, variance: Tensor) -> Tensor:
        """Variances ``[..., D]`` along the two coordinates, ``[..., 2]``."""
        return variance @ self.axes.T.square()

    def codes(self, coordinates: Tensor) -> Tensor:
        """The codes ``[..., D]`` at coordinates ``[..., 2]``."""
        return self.origin + coordinates @ self.axes


def find_view(centres: Tensor, z: Tensor, y: Tensor, names: Sequence[str]) -> View | None:
    """The plane that has the most to show of given centres.

    The two dimensions themselves if there are two, or if the centres differ in two at most, the others as all centres
    have them. Else the plane through three centres: those of the first three classes that are met and not in a line.
    Centres that all are in one have a plane through them along which the codes vary most.

    Args:
        centres: ``[K, D]``.
        z: ``[N, D]``, codes.
        y: ``[N]``, their classes.
        names: of the K classes.

    Returns:
        None of a single dimension.

    Example:
        >>> view = find_view(torch.eye(3), torch.eye(3), torch.arange(3), "abc")
        >>> view.names
        ('from a towards b', 'at right angles, towards c')
        >>> view.coordinates(torch.eye(3)).norm(dim=1)  # each as far from the middle
        tensor([0.8165, 0.8165, 0.8165])
    """
    number, dim = centres.shape
    if dim < 2:
        return None
    differs = (centres != centres[0]).any(0).nonzero()[:, 0].tolist()
    if dim == 2 or len(differs) <= 2:
        kept = sorted((differs + [j for j in range(dim) if j not in differs])[:2])
        axes = torch.eye(dim, dtype=centres.dtype)[kept]
        everyone = tuple(range(number))
        return View(centres[0] * (1 - axes.sum(0)), axes, (f"z{kept[0]}", f"z{kept[1]}"), everyone)
    met = y.unique().tolist()
    first, second, *others = [*met, *(k for k in range(number) if k not in met)]
    along = centres[second] - centres[first]
    across = along / along.norm()
    for third in others:
        aside = rejected(centres[third] - centres[first], across)
        if aside.norm() > FLAT * along.norm():
            three = (first, second, third)
            words = (f"from {names[first]} towards {names[second]}", f"at right angles, towards {names[third]}")
            return View(centres[list(three)].mean(0), torch.stack([across, aside / aside.norm()]), words, three)
    residual = rejected(z - centres[y], across)
    up = torch.linalg.svd(residual - residual.mean(0), full_matrices=False).Vh[0]
    up = rejected(up, across)
    words = (f"from {names[first]} towards {names[second]}", "at right angles, where codes vary most")
    return View(centres.mean(0), torch.stack([across, up / up.norm()]), words, tuple(range(number)))


def rejected(z: Tensor, along: Tensor) -> Tensor:
    """What is left of vectors ``[..., D]`` at right angles to a unit vector."""
    return z - (z @ along)[..., None] * along
