"""What a run draws over the plane of its centres."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Normal

from ....diagnostics import Plane, decode_plane
from .view import View

__all__ = ["decoded_plane"]

IMAGES, REACH = 441, 3.0  # on the plane; standard deviations beyond the centres
FLAT, TALL = 0.4, 1.6  # least and largest height over width of the plane: those of its sheet


def decoded_plane(decode: Callable[[Tensor], Tensor], view: View, prior: Normal, code: Tensor, aspect: float) -> Plane:
    """Some 441 images about all centres of the view and 98 % of the codes, as close up as across.

    Args:
        decode: from codes ``[M, D]`` to images.
        view: the plane.
        prior: the components, batch ``[K, D]``.
        code: ``[N, D]``.
        aspect: height over width of an image.
    """
    chosen = list(view.classes)
    centres, spread = view.coordinates(prior.loc[chosen]), view.variance(prior.variance[chosen]).sqrt()
    points = view.coordinates(code)
    low = torch.minimum((centres - REACH * spread).amin(0), points.quantile(0.01, 0)).double()
    high = torch.maximum((centres + REACH * spread).amax(0), points.quantile(0.99, 0)).double()
    side, middle = high - low, (high + low) / 2
    side = side.maximum(side.flip(0) * torch.tensor([1 / TALL, FLAT]))
    wide, tall = side.tolist()
    columns = max(2, round(math.sqrt(IMAGES * wide / tall * aspect)))
    rows = max(2, round(IMAGES / columns))
    # the images fill cells about their points: the outermost points lie half a cell inside
    reach = side / 2 * (1 - 1 / torch.tensor([columns, rows]))
    (left, bottom), (right, top) = (middle - reach).tolist(), (middle + reach).tolist()
    return decode_plane(
        lambda at: decode(view.codes(at)), torch.zeros(2), (left, right), (bottom, top), steps=(columns, rows)
    )
