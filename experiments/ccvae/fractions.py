"""The sets of the preset put together by data and fraction of labelled rows, and figures read along the fractions."""

from collections.abc import Iterable, Mapping, Sequence

from ..interval import Interval, interval
from ..study import Study
from .variants import METHODS, at

__all__ = [
    "CLASSIFIER",
    "MAJORITY",
    "REFERENCES",
    "Sets",
    "element",
    "fractions",
    "listed",
    "methods",
    "place",
    "read",
    "shown",
    "written",
]

CLASSIFIER, MAJORITY = "classifier", "majority"
REFERENCES = (CLASSIFIER, MAJORITY)
"""What is no variant, and is measured once for all of them: a plain classifier, and the most frequent answer."""

Sets = Mapping[float, str]
"""Fraction of labelled rows -> the name of that set."""

SHOWN = (0.06, 1.0)  # fractions at which figures of each label are told


def fractions(study: Study) -> dict[str, dict[float, str]]:
    """Data, in the preset's order -> fraction of labelled rows, ascending -> the name of that set in the preset.

    Example:
        >>> from pathlib import Path
        >>> from pellucid.experiments.cell import Cell
        >>> from pellucid.experiments.measures import Measured
        >>> cells = {Cell(f"smiley,f={f}", "exact", 0, {}): Measured({}, Path("run")) for f in (1, ".06")}
        >>> fractions(Study(cells))
        {'smiley': {0.06: 'smiley,f=.06', 1.0: 'smiley,f=1'}}
    """
    found: dict[str, dict[float, str]] = {}
    for name in study.sets:
        data, fraction = at(name)
        found.setdefault(data, {})[fraction] = name
    return {data: dict(sorted(sets.items())) for data, sets in found.items()}


def methods(study: Study, sets: Iterable[str]) -> list[str]:
    """The methods compared on these sets, in the tables' order; other variants are left out."""
    there = {variant for name in sets for variant in study.variants(name)}
    return [method for method in METHODS if method in there]


def shown(sets: Sets) -> dict[float, str]:
    """The fractions at which single labels are looked at: .06 and 1; all where neither is there.

    Example:
        >>> shown({0.004: "a", 0.06: "b", 0.2: "c"})
        {0.06: 'b'}
    """
    return {f: name for f, name in sets.items() if f in SHOWN} or dict(sets)


def read(study: Study, set_name: str, method: str, *path: str) -> Interval:
    """A scalar figure over the seeds, of a method or of one of the references."""
    if method not in REFERENCES:
        return study.figure(set_name, method, *path)
    if method == MAJORITY and path != ("accuracy",):
        return interval([])
    found: dict[int, float] = {}
    for variant in study.variants(set_name):
        found |= study.values(set_name, variant, *((MAJORITY,) if method == MAJORITY else (CLASSIFIER, *path)))
    return interval(found.values())


def element(study: Study, set_name: str, method: str, index: int, path: Sequence[str]) -> Interval:
    """One entry of a figure that is a list, over the seeds."""
    return interval(value[index] for value in study.values(set_name, method, *path).values())


def place(set_name: str) -> str:
    """A set as a heading has it.

    Example:
        >>> place("smiley,f=.06")
        'smiley, f = .06'
    """
    data, fraction = at(set_name)
    return f"{data}, f = {written(fraction)}"


def written(fraction: float) -> str:
    """A fraction as a heading has it.

    Example:
        >>> written(0.004), written(1.0)
        ('.004', '1')
    """
    return f"{fraction:g}".removeprefix("0")


def listed(some: Sequence[tuple[str, float]], whole: Sequence[tuple[str, float]]) -> str:
    """Data sets and fractions in words.

    Args:
        some: at least one of the whole.
        whole: all that were looked at.

    Example:
        >>> faces, digits = [("faces", 0.06), ("faces", 1.0)], [("digits", f) for f in (0.004, 0.06, 1.0)]
        >>> listed([*faces, *digits[:2]], [*faces, *digits])
        'faces at every f; digits at f = .004 and .06'
    """
    parts = []
    for data in dict.fromkeys(data for data, _ in some):
        chosen = [written(f) for each, f in some if each == data]
        everywhere = len(chosen) == sum(each == data for each, _ in whole) > 1
        parts.append(f"{data} at {'every f' if everywhere else f'f = {joined(chosen)}'}")
    return "; ".join(parts)


def joined(words: Sequence[str]) -> str:
    """Words as a sentence has them.

    Example:
        >>> joined(["a"]), joined(["a", "b", "c"])
        ('a', 'a, b and c')
    """
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
