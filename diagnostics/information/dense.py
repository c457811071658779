"""The same information by its definition: the aggregate of all rows at every point of one fine grid."""

import math

import torch
from torch import Tensor

from .components import Components
from .result import Information
from .row_entropy import row_entropy, surprise

__all__ = ["dense_information"]

STEPS = 8  # points to the narrowest standard deviation
EDGE = 9  # standard deviations to which a row is looked for
POINTS = 2**24  # of a grid, at most
CHUNK = 2**22  # densities held at once


def dense_information(q: Components) -> Information:
    r"""I(x; z_j) by the trapezoidal rule on one uniform grid a dimension: O(N D G), for G points.

    .. math:: I(x; z_j) = - \bar a \log \bar a - \int \bar c \log \bar c \, dz - \frac1N \sum_n H(q(z_j | x_n)),
        \qquad \bar c(z) = \frac1N \sum_{nk} w_{njk} N(z; \mu_{njk}, \sigma_{njk}^2)

    The step is an eighth of the narrowest scale, at which the rule is exact to rounding. Of the method "exact", which
    it is there to check, it shares the rows' own entropies and nothing else; on a GPU it is quick besides.

    Raises:
        ValueError: if a grid would have more than 2^24 points, for scales that differ too much.
    """
    entropy, cross = zip(*(dimension(q[:, j : j + 1]) for j in range(q.dimensions)), strict=True)
    own = row_entropy(q)
    value, divergence = torch.stack(entropy) - own.mean(0), torch.stack(cross, 1) - own
    value = value.clamp(0, math.log(len(q)))
    error = divergence.std(0, correction=0) / math.sqrt(len(q))
    return Information(value.cpu().numpy(), error.cpu().numpy(), len(q), "dense")


def dimension(q: Components) -> tuple[Tensor, Tensor]:
    """The aggregate's entropy, and every row's cross-entropy with it ``[N]``, in the one dimension given."""
    weight, loc, scale = (each[:, 0].flatten() for each in (q.weight, q.loc, q.scale))
    step = scale.amin().item() / STEPS
    low, high = (loc - EDGE * scale).amin().item(), (loc + EDGE * scale).amax().item()
    points = int((high - low) / step) + 2
    if points > POINTS:
        raise ValueError(
            f"method: expected scales that one grid can hold; a dimension asks for {points:.2g} points, from "
            f'{low:.3g} to {high:.3g} by {step:.2g}.\nTry one of:\n- method="exact", whose grids are as fine as each '
            "place needs"
        )
    height = weight / scale / math.sqrt(2 * math.pi)
    entropy, cross = loc.new_zeros(()), torch.zeros_like(loc)
    for index in torch.arange(points, device=loc.device).split(max(1, CHUNK // len(loc))):
        z = low + step * index.to(loc)
        shape = (((z - loc[:, None]) / scale[:, None]).square_().mul_(-0.5)).exp_()  # [N K, points]
        density = height @ shape / len(q)
        entropy += step * surprise(density).sum()
        cross -= step * (height * (shape @ density.clamp(min=1e-300).log()))
    cross = cross.view(len(q), -1).sum(1)
    if q.atom is not None:
        share = q.atom[:, 0].mean()
        entropy, cross = entropy + surprise(share), cross - torch.xlogy(q.atom[:, 0], share)
    return entropy, cross
