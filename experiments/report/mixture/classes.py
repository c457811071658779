"""The table of the classes of a mixture run."""

from dataclasses import dataclass

from .reading import Mixture

__all__ = ["ClassLine", "class_lines"]


@dataclass(frozen=True)
class ClassLine:
    """A class.

    Attributes:
        number: of the class, as in the pictures.
        name: of it.
        rows: how many test rows it has.
        right: share of them of which it is the most probable class; None without labels.
        near: share of them whose code is nearest to its centre.
        activated: number of its activated dimensions; None without a row.
    """

    number: int
    name: str
    rows: int
    right: float | None
    near: float | None
    activated: int | None


def class_lines(mixture: Mixture) -> list[ClassLine]:
    """A line for each class; rows whose class is not known count where the classifier puts them.

    Args:
        mixture: of a run.
    """
    lines = []
    for k, name in enumerate(mixture.names):
        own, known = mixture.y == k, (mixture.y == k) & mixture.known
        lines.append(
            ClassLine(
                number=k,
                name=name,
                rows=int(own.sum()),
                right=float((mixture.guess[known] == k).double().mean()) if known.any() else None,
                near=float((mixture.nearest[own] == k).double().mean()) if own.any() else None,
                activated=int(mixture.activated.activated[k].sum()) if own.any() else None,
            )
        )
    return lines
