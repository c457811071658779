"""The drawing of a smiley: a head, and on it a bow tie, a hat, eyes and a mouth, each with factors of its own."""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["FACTORS", "Factor", "draw_faces", "factor_names"]

SIDE, CENTRE, RADIUS = 32, 15.5, 10.0
HEAD_Y = 16.5  # half a pixel low, which gives the hat its room
BACKGROUND, SKIN, DARK, BRIGHT = 0.0, 0.72, 0.05, 1.0


class Factor(NamedTuple):
    """A continuous factor, uniform between its bounds.

    Args:
        name: within its attribute.
        low: its least value; in pixels, radians or grey (0 black, 1 white).
        high: its greatest.

    Example:
        >>> FACTORS["eyes"][0]
        Factor(name='separation', low=2.6, high=5.2)
    """

    name: str
    low: float
    high: float


FACTORS: dict[str, tuple[Factor, ...]] = {
    "bow tie": (
        Factor("width", 3.5, 9.0),  # from the knot to the end of a wing
        Factor("height", 1.3, 3.0),  # half the height of the end of a wing
        Factor("knot", 0.6, 2.2),  # radius
        Factor("shade", 0.25, 0.75),  # of the wings
    ),
    "hat": (
        Factor("width", 3.5, 6.5),  # half the width of the crown
        Factor("height", 3.5, 7.0),  # of the crown
        Factor("brim", 0.5, 3.5),  # how far it juts out on either side
        Factor("tilt", -0.25, 0.25),  # radians, positive clockwise
        Factor("shift", -2.5, 2.5),  # to the right
        Factor("shade", 0.2, 0.55),
    ),
    "eyes": (
        Factor("separation", 2.6, 5.2),  # of each eye from the middle
        Factor("size", 0.9, 1.9),  # radius
        Factor("height", 2.0, 4.0),  # above the centre of the head
    ),
    "mouth": (
        Factor("width", 2.5, 5.5),  # half the width
        Factor("curvature", -2.0, 2.0),  # from the corners down to the middle: a smile is positive
        Factor("height", -6.0, -3.8),  # above the centre of the head, averaged over the width
        Factor("thickness", 0.5, 1.1),  # half the thickness of a lip
        Factor("openness", 0.0, 1.6),  # half the gap between the lips
    ),
}


def factor_names() -> tuple[str, ...]:
    """The 18 factors as ``"attribute factor"``, in the order of their columns.

    Example:
        >>> factor_names()[:4]
        ('bow tie width', 'bow tie height', 'bow tie knot', 'bow tie shade')
    """
    return tuple(f"{attribute} {factor.name}" for attribute, factors in FACTORS.items() for factor in factors)


def draw_faces(present: Tensor, values: Tensor) -> Tensor:
    r"""Draws faces, all rows at once, antialiased.

    Every part is a region :math:`d(x, y) \le 0` of a signed distance :math:`d` in pixels, and covers a pixel by
    :math:`\mathrm{clamp}(1/2 - d, 0, 1)`; parts are laid over one another in the order head, mouth, eyes, hat, tie.

    Args:
        present: ``[N, 4]``, 1 or True where the row has the bow tie, the hat, the eyes, the mouth.
        values: ``[N, 18]`` factors in the units of `FACTORS`, columns as in `factor_names`.

    Returns:
        ``[N, 1, 32, 32]`` grey in [0, 1], differentiable in the factors almost everywhere.

    References:
        Tonolini, Jensen, Murray-Smith, "Variational Sparse Coding", UAI 2019: the data set of faces with four optional
        attributes of 4, 6, 3 and 5 factors. What the factors are, and their ranges, is our choice.

    Example:
        >>> bare = draw_faces(torch.zeros(1, 4), torch.zeros(1, 18))
        >>> bare[0, 0, 16, 16]
        tensor(0.7200)
    """
    grid = torch.arange(SIDE, device=values.device, dtype=values.dtype)
    y, x = torch.meshgrid(grid - HEAD_Y, grid - CENTRE, indexing="ij")  # the head's centre is the origin, y points down
    tie, hat, eyes, mouth = present.bool()[..., None, None].unbind(1)
    # One [N, 1, 1] per factor, so that an expression in x and y is [N, 32, 32].
    columns = iter(values[..., None, None].unbind(1))
    of = {name: [next(columns) for _ in factors] for name, factors in FACTORS.items()}

    canvas = x.new_full((len(values), SIDE, SIDE), BACKGROUND)
    canvas = _lay(canvas, torch.hypot(x, y) - RADIUS, SKIN)
    canvas = _draw_mouth(canvas, x, y, mouth, *of["mouth"])
    canvas = _draw_eyes(canvas, x, y, eyes, *of["eyes"])
    canvas = _draw_hat(canvas, x, y, hat, *of["hat"])
    return _draw_tie(canvas, x, y, tie, *of["bow tie"])[:, None]


def _lay(canvas: Tensor, distance: Tensor, shade: Tensor | float, present: Tensor | None = None) -> Tensor:
    laid = canvas + (0.5 - distance).clamp(0, 1) * (shade - canvas)
    # A choice and no product: a factor of an absent attribute may be 0 or NaN, and must leave no mark all the same.
    return laid if present is None else torch.where(present, laid, canvas)


def _box(x: Tensor, y: Tensor, half_width: Tensor, half_height: Tensor | float) -> Tensor:
    return torch.maximum(x.abs() - half_width, y.abs() - half_height)


def _draw_mouth(
    canvas: Tensor, x: Tensor, y: Tensor, present: Tensor, width: Tensor, curve: Tensor, height: Tensor,
    thickness: Tensor, openness: Tensor,
) -> Tensor:  # fmt: skip
    u = (x / width).clamp(-1, 1)
    middle = curve * (1 / 3 - u**2) - height  # of mean -height over the width
    steep = (1 + (2 * curve * u / width) ** 2).sqrt()
    gap = openness * (1 - u**2)
    from_middle = (y - middle).abs()
    beyond = x.abs() - width
    canvas = _lay(canvas, torch.maximum((from_middle - gap) / steep, beyond), BRIGHT, present)
    lips = torch.maximum((from_middle - gap).abs() / steep - thickness, beyond)
    return _lay(canvas, lips, DARK, present)


def _draw_eyes(
    canvas: Tensor, x: Tensor, y: Tensor, present: Tensor, separation: Tensor, size: Tensor, height: Tensor
) -> Tensor:
    return _lay(canvas, torch.hypot(x.abs() - separation, y + height) - size, DARK, present)


def _draw_hat(
    canvas: Tensor, x: Tensor, y: Tensor, present: Tensor, width: Tensor, height: Tensor, brim: Tensor, tilt: Tensor,
    shift: Tensor, shade: Tensor,
) -> Tensor:  # fmt: skip
    x, y = x - shift, y + 7.5  # the middle of the brim
    x, y = tilt.cos() * x + tilt.sin() * y, tilt.cos() * y - tilt.sin() * x
    crown = _box(x, y + height / 2, width, height / 2)
    return _lay(canvas, torch.minimum(crown, _box(x, y, width + brim, 0.8)), shade, present)


def _draw_tie(
    canvas: Tensor, x: Tensor, y: Tensor, present: Tensor, width: Tensor, height: Tensor, knot: Tensor, shade: Tensor
) -> Tensor:
    y = y - 11.7
    slope = (height - 0.6) / width  # a wing narrows towards the knot
    wings = torch.maximum((y.abs() - 0.6 - slope * x.abs()) / (1 + slope**2).sqrt(), x.abs() - width)
    canvas = _lay(canvas, wings, shade, present)
    return _lay(canvas, torch.hypot(x, y) - knot, BRIGHT, present)
