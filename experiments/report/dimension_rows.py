"""The table of dimensions: what each is called, speaks of, costs and draws."""

from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO

import numpy as np

from .headline import spoken_of
from .reading import Space

__all__ = ["DimensionRow", "dimension_rows"]


@dataclass(frozen=True)
class DimensionRow:
    """A line of the table of used dimensions.

    Attributes:
        index: of the dimension.
        name: such as "z3".
        role: empty where there are none.
        classes: that it is open in.
        share: of the rows on which its gate is above 1/2; None for a dense code.
        cost: of holding it at its mean, nats a row.
        information: I(x; z_j), nats.
        picture: PNG in base64.
    """

    index: int
    name: str
    role: str
    classes: str
    share: float | None
    cost: float
    information: float
    picture: str


def dimension_rows(space: Space, most: int = 100) -> list[DimensionRow]:
    """Used dimensions in the order of reading, at most so many."""
    roles = space.meaning.roles

    def row(j: int) -> DimensionRow:
        role = "" if roles is None else str(roles.role[j])
        classes = ", ".join(spoken_of(space, j))
        if role == "global":
            classes = "none" if space.meaning.attributes else "all"
        if role == "global" and roles is not None and not space.meaning.attributes and not roles.active[:, j].all():
            missing = np.asarray(space.meaning.rows)[~roles.active[:, j]]
            classes = "all but " + ", ".join(missing)
        return DimensionRow(
            index=j,
            name=space.code.name(j),
            role=role,
            classes=classes,
            share=None if space.share is None else float(space.share[j]),
            cost=float(space.cost[j]),
            information=float(space.information[j]),
            picture=thumbnail(space.drawn[j]),
        )

    return [row(j) for j in space.order[:most]]


def thumbnail(drawn: np.ndarray) -> str:
    """What a dimension draws ``[C, H, W]`` as a PNG in base64: red adds ink, blue removes it."""
    from matplotlib.image import imsave

    picture, file = drawn.reshape(-1, *drawn.shape[-2:]).mean(0), BytesIO()
    limit = float(np.abs(picture).max()) or 1.0
    imsave(file, picture, cmap="RdBu_r", vmin=-limit, vmax=limit, format="png")
    return b64encode(file.getvalue()).decode()
