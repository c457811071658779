"""Centres of classes laid out by name: on a circle, at the corners of a simplex, on a grid, along the axes."""

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

__all__ = ["Layout", "circle", "grid", "laid_out", "one_hot", "simplex"]

Layout = Literal["circle", "simplex", "grid", "one-hot"]
APART = 4.0
"""Standard deviations between neighbours, by the source."""


def circle(classes: int, dim: int = 2, *, apart: float = APART, radius: float | None = None) -> Tensor:
    r"""Equal steps around a circle in the first two dimensions, 0 in the others.

    .. math:: \mu_k = r \Big(\cos\frac{(2k + 1) \pi}{K},\ \sin\frac{(2k + 1) \pi}{K}\Big), \qquad
        r = \frac{\text{apart}}{2 \sin(\pi / K)}

    Args:
        classes: K.
        dim: latent dimensions D, 2 or more.
        apart: distance of neighbours; of components with standard deviation s, ``apart=4 * s`` is four of them.
        radius: r, in place of ``apart``.

    Returns:
        ``[K, D]``.

    Raises:
        ValueError: if there are fewer than 2 classes or dimensions, or a distance is not positive.

    References:
        An, Choi, Jeon, "EXoN: EXplainable encoder Network" (arXiv 2105.10867): ten digits, 4 x 2 apart.

    Example:
        >>> circle(10, apart=4 * 2)[0].norm()  # the source's, of variance 4
        tensor(12.9443)
        >>> circle(4, radius=2**0.5).round()
        tensor([[ 1.,  1.],
                [-1.,  1.],
                [-1., -1.],
                [ 1., -1.]])
    """
    require_room("circle", classes, dim, 2)
    if radius is None:
        radius = positive("apart", apart) / (2 * math.sin(math.pi / classes))
    angle = (2 * torch.arange(classes, dtype=torch.float64) + 1) * math.pi / classes
    return padded(positive("radius", radius) * torch.stack([angle.cos(), angle.sin()], 1), dim)


def simplex(classes: int, dim: int, *, apart: float = APART) -> Tensor:
    r"""The corners of a regular simplex in the first K - 1 dimensions: every two classes are equally far apart.

    .. math:: \|\mu_j - \mu_k\| = \text{apart}, \qquad \sum_k \mu_k = 0

    Args:
        classes: K.
        dim: latent dimensions D, K - 1 or more; those beyond are 0.
        apart: distance of any two.

    Returns:
        ``[K, D]``.

    Raises:
        ValueError: if there are fewer than 2 classes or K - 1 dimensions, or the distance is not positive.

    Example:
        >>> torch.pdist(simplex(4, 3, apart=2.0)).round()
        tensor([2., 2., 2., 2., 2., 2.])
    """
    require_room("simplex", classes, dim, classes - 1)
    # Helmert's basis of what is orthogonal to (1, ..., 1): in it the K unit vectors, sqrt(2) apart, have K - 1 numbers.
    row = torch.arange(1, classes, dtype=torch.float64)
    basis = torch.ones(classes, classes, dtype=torch.float64).triu(1)[:, 1:] - torch.diag(row, -1)[:, : classes - 1]
    return padded(positive("apart", apart) / 2**0.5 * basis / (row * (row + 1)).sqrt(), dim)


def grid(classes: int, dim: int = 2, *, apart: float = APART) -> Tensor:
    """Rows of a square grid in the first two dimensions, filled in reading order and centred; on a line of dim 1.

    Args:
        classes: K.
        dim: latent dimensions D.
        apart: distance of neighbours in a row or in a column.

    Returns:
        ``[K, D]``.

    Raises:
        ValueError: if there are fewer than 2 classes or no dimension, or the distance is not positive.

    Example:
        >>> grid(4, apart=2.0)
        tensor([[-1.,  1.],
                [ 1.,  1.],
                [-1., -1.],
                [ 1., -1.]])
    """
    require_room("grid", classes, dim, 1)
    number = torch.arange(classes, dtype=torch.float64)
    columns = classes if dim == 1 else math.ceil(math.sqrt(classes))
    cells = torch.stack([number % columns, -(number // columns)], 1)[:, :dim]
    middle = (cells.amax(0) + cells.amin(0)) / 2
    return padded(positive("apart", apart) * (cells - middle), dim)


def one_hot(classes: int, dim: int, *, length: float = 1.0) -> Tensor:
    """One axis for each class.

    Args:
        classes: K.
        dim: latent dimensions D, K or more.
        length: of every centre, which lies as far from 0.

    Returns:
        ``[K, D]``.

    Raises:
        ValueError: if there are fewer than 2 classes or K dimensions, or the length is not positive.

    References:
        An, Choi, Jeon (arXiv 2105.10867): CIFAR-10, D = 256.

    Example:
        >>> one_hot(2, 3)
        tensor([[1., 0., 0.],
                [0., 1., 0.]])
    """
    require_room("one-hot", classes, dim, classes)
    return positive("length", length) * torch.eye(classes, dim)


LAYOUTS: dict[str, Callable[[int, int], Tensor]] = {
    "circle": circle,
    "simplex": simplex,
    "grid": grid,
    "one-hot": one_hot,
}


def laid_out(name: str, classes: int, dim: int, scale: float = 1.0) -> Tensor:
    """The layout of that name for components of a standard deviation: neighbours are four of them apart.

    "one-hot" are the unit vectors as they are, whatever the standard deviation: the source's variance for them is 0.1.

    Args:
        name: "circle", "simplex", "grid" or "one-hot".
        classes: K.
        dim: latent dimensions D.
        scale: standard deviation of the components.

    Returns:
        ``[K, D]``.

    Raises:
        ValueError: if there is no layout of the name, or its own conditions are not met.

    Example:
        >>> torch.pdist(laid_out("simplex", 3, 2, scale=0.5)).round()
        tensor([2., 2., 2.])
    """
    if name not in LAYOUTS:
        raise ValueError(
            f"centres: expected one of {', '.join(LAYOUTS)}, or numbers [{classes}, {dim}]; given {name!r}.\n"
            "Try one of:\n- centres='circle'\n- a list with the coordinates of each class"
        )
    return LAYOUTS[name](classes, dim) * (1.0 if name == "one-hot" else scale)


def padded(centres: Tensor, dim: int) -> Tensor:
    """Zeros in the dimensions that a layout does not use, in torch's default dtype."""
    return torch.nn.functional.pad(centres, (0, dim - centres.shape[1])).to(torch.get_default_dtype())


def require_room(name: str, classes: int, dim: int, least: int) -> None:
    """Raise a ValueError if there is nothing to lay out, or nowhere to lay it."""
    if classes < 2:
        raise ValueError(f"classes: a mixture has 2 or more; given {classes}. Try NormalPrior for a single component.")
    if dim < least:
        raise ValueError(
            f"dim: {classes} classes in the layout {name!r} need {least} dimensions or more; given {dim}.\n"
            f"Try one of:\n- dim={least}\n- another layout: a circle needs 2, a grid 1, a simplex {classes - 1}, "
            f"one-hot {classes}"
        )


def positive(name: str, value: float) -> float:
    """The value, if it is a distance."""
    if not 0 < value < math.inf:
        raise ValueError(f"{name}: expected a positive distance; given {value}. Try {name}=4.0.")
    return value
