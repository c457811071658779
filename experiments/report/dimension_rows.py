"""The table of dimensions, in groups of one role: what each speaks of, costs and draws."""

import math
from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby

import numpy as np

from .headline import listed, spoken_of
from .reading import Space

__all__ = ["DimensionGroup", "DimensionRow", "dimension_groups"]

DENSE = {"dense": ("Without a gate", "part of every image")}
TITLES = DENSE | {
    "global": ("Global", "open in nearly every class"),
    "shared": ("Shared", "open in a category of classes"),
    "specific": ("Class-specific", "open in few classes"),
    "rare": ("Rare", "used, and shut on most rows of every class"),
}
ATTRIBUTE_TITLES = DENSE | {
    "global": ("Global", "open alike with each attribute and without it"),
    "shared": ("Shared", "speak of several attributes"),
    "specific": ("Attribute-specific", "speak of few attributes"),
}


@dataclass(frozen=True)
class DimensionRow:
    """A line of the table of used dimensions.

    Attributes:
        index: of the dimension.
        name: such as "z3".
        owner: the label whose block it is in; empty for none.
        role: empty where there are none.
        classes: that it is open in.
        gates: of each class, or of each attribute with and without it, its name, mean gate, and whether the dimension
            speaks of it; empty where there are no roles.
        share: of the rows on which its gate is above 1/2; None for a dense code.
        cost: of holding it at its mean, nats a row.
        information: I(x; z_j), nats.
        of_class: I(y; z_j), nats; None where the rows are not parted into classes, or it is not known exactly.
        picture: PNG in base64.
    """

    index: int
    name: str
    owner: str
    role: str
    classes: str
    gates: list[tuple[str, float, bool]]
    share: float | None
    cost: float
    information: float
    of_class: float | None
    picture: str


@dataclass(frozen=True)
class DimensionGroup:
    """Dimensions of one role.

    Attributes:
        role: "dense", "global", "shared", "specific", "rare", or empty where there are no roles.
        title: of the group; empty alike.
        meaning: of the role, in a few words.
        rows: its dimensions.
    """

    role: str
    title: str
    meaning: str
    rows: list[DimensionRow]


def dimension_groups(space: Space, most: int = 100) -> list[DimensionGroup]:
    """Used dimensions in the order of reading, at most so many; one group where there are no roles.

    Args:
        space: of the run.
        most: dimensions in all.
    """
    titles = ATTRIBUTE_TITLES if space.meaning.attributes else TITLES
    return [
        DimensionGroup(role, *titles.get(role, ("", "")), list(rows))
        for role, rows in groupby((dimension_row(space, j) for j in space.order[:most]), key=lambda row: row.role)
    ]


def dimension_row(space: Space, j: int) -> DimensionRow:
    """The line of dimension j."""
    roles, meaning = space.meaning.roles, space.meaning
    mean = meaning.mean[:, j].tolist()
    gates = list(zip(meaning.rows, mean, roles.active[:, j].tolist(), strict=True)) if roles is not None else []
    return DimensionRow(
        index=j,
        name=space.code.name(j),
        owner=space.owner[j],
        role=space.role(j),
        classes=open_in(space, j),
        gates=[each for each in gates if math.isfinite(each[1]) and space.code.gated[j]],
        share=None if space.share is None else float(space.share[j]),
        cost=float(space.cost[j]),
        information=float(space.information[j]),
        of_class=None if space.told.of_class is None else float(space.told.of_class[j]),
        picture=thumbnail(space.drawn[j]),
    )


def open_in(space: Space, j: int) -> str:
    """What dimension j speaks of, in words."""
    roles, meaning = space.meaning.roles, space.meaning
    if roles is None or space.role(j) != "global":
        return listed(spoken_of(space, j))
    shut = np.asarray(meaning.rows)[~roles.active[:, j] & np.isfinite(meaning.mean[:, j])].tolist()
    return "none" if meaning.attributes else f"all but {listed(shut)}" if shut else "all"


def thumbnail(drawn: np.ndarray) -> str:
    """What a dimension draws ``[C, H, W]`` as a PNG in base64: red adds ink, blue removes it."""
    from matplotlib.image import imsave

    picture, file = drawn.reshape(-1, *drawn.shape[-2:]).mean(0), BytesIO()
    limit = float(np.abs(picture).max()) or 1.0
    imsave(file, picture, cmap="RdBu_r", vmin=-limit, vmax=limit, format="png")
    return b64encode(file.getvalue()).decode()
