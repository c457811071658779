"""What a step along an activated dimension changes in the pixels, and one along another."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ....diagnostics import variation_cost
from ..exemplars import has_images
from ..reading import Reading
from .pixels import to_unit
from .reading import Mixture

__all__ = ["Variation", "read_variation"]

ROWS, DECODED = 200, 20_000  # rows varied at most, and images in all: two for each row and dimension


@dataclass(frozen=True)
class Variation:
    """A change, and the mean square by which it changes a pixel.

    Attributes:
        what: is changed.
        value: mean over the rows, pixels in [0, 1]; NaN where there is nothing to change.
        error: its standard error.
    """

    what: str
    value: float
    error: float


def read_variation(reading: Reading, mixture: Mixture) -> list[Variation]:
    """Of activated and of inactive dimensions, and two controls; nothing for rows that are no images.

    Args:
        reading: of the run.
        mixture: of it.
    """
    if not has_images(reading):
        return []
    unit = to_unit(reading.batch.x)
    dim = mixture.code.shape[1]
    rows = min(ROWS, len(mixture.code), max(16, DECODED // (2 * dim + 1)))
    z, y = mixture.code[:rows], mixture.y[:rows]
    cost = variation_cost(
        lambda codes: unit(reading.run.decode(codes)),
        z,
        mixture.prior.variance.mean(0).sqrt(),
        mixture.activated.activated[y.numpy()],
    )
    images = unit(reading.run.decode(z)).flatten(1)
    kind = "class" if mixture.told else "cluster"
    return [
        Variation("an activated dimension, by one standard deviation", cost.active, cost.active_error),
        Variation("an inactive dimension, alike", cost.inactive, cost.inactive_error),
        exchanged(f"control: the whole code, for that of another row of its {kind}", images, y[:, None] == y),
        exchanged(f"control: the whole code, for that of a row of another {kind}", images, y[:, None] != y),
    ]


def exchanged(what: str, images: Tensor, pairs: Tensor) -> Variation:
    """Mean squared difference of two images ``[N, P]`` among the pairs ``[N, N]``; a row with none is left out.

    Example:
        >>> exchanged("all", torch.tensor([[0.0], [1.0], [3.0]]), torch.ones(3, 3, dtype=torch.bool)).value
        4.666666507720947
    """
    pairs = pairs & ~torch.eye(len(images), dtype=torch.bool)
    change = torch.cdist(images, images).square() / images.shape[1]
    met = pairs.any(1)
    if not met.any():
        return Variation(what, float("nan"), float("nan"))
    row = (change * pairs).sum(1)[met] / pairs.sum(1)[met]
    return Variation(what, float(row.mean()), float(row.std() / len(row) ** 0.5) if len(row) > 1 else float("nan"))
