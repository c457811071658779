"""What a slider says of its dimension, for the row that is chosen."""

from dataclasses import dataclass

from ..report.dimension_rows import open_in
from ..report.headline import spoken_of
from ..report.reading import Space
from .explorer import Explorer

__all__ = ["Mark", "mark", "marked"]


@dataclass(frozen=True)
class Mark:
    """Beside a slider.

    Attributes:
        name: of the dimension, such as "z3".
        words: its role and what it speaks of, or the label whose block it is in.
        own: whether it speaks of the row's class and not of all alike: those that the class shares or has for itself.
    """

    name: str
    words: str
    own: bool


def mark(explorer: Explorer, j: int) -> Mark:
    """The mark of dimension j for the chosen row."""
    space, labels = explorer.space, explorer.labels[explorer.row]
    role, owner = space.role(j), space.owner[j]
    about = open_in(space, j)
    words = f"block of {owner}" if owner else f"{role}: {about}" if about and space.used[j] else role
    own = role in ("shared", "specific") and bool(set(spoken_of(space, j)) & set(labels))
    return Mark(space.code.name(j), words, own or (bool(owner) and owner in labels))


def marked(space: Space) -> str:
    """What the sliders show, and what it means that some are marked."""
    thumbnail = "The pictures show what a dimension draws: red adds ink, blue takes it away. Ticks: zero."
    if not space.used.any():
        return "No dimension is used, so that moving one changes little. " + thumbnail
    what = "attributes" if space.meaning.attributes else "class"
    if space.blocks:
        return f"{thumbnail} Blue names: the blocks of the row's own {what}."
    if space.meaning.roles is not None:
        return f"{thumbnail} Blue names: dimensions that speak of the row's own {what}, alone or shared with others."
    return thumbnail
