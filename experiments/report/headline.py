"""The answer in one sentence: how many dimensions are used, and what they speak of."""

from collections.abc import Sequence

import numpy as np

from .reading import Space

__all__ = ["headline", "listed", "question", "role_rule", "spoken_of"]


def headline(space: Space | None, most: int = 6) -> str:
    """The page's first sentence.

    Args:
        space: of the run; None if nothing can be decoded.
        most: how many class-specific dimensions are named; 0 for counts alone.
    """
    if space is None:
        return "The decoder takes no vector, so no dimension has a picture or a price."
    used, total = int(space.used.sum()), len(space.used)
    head = f"{used} of {total} dimensions {'is' if used == 1 else 'are'} used"
    if used == 0:
        return f"None of {total} dimensions is used: the code does not vary with the image, or the decoder ignores it."
    roles = space.meaning.roles
    if roles is None:
        first = listed([space.code.name(j) for j in space.order[:3]])
        return f"{head}; {first} {'tells' if used == 1 else 'tell'} most of the image."
    counts, about = roles.counts, space.meaning.attributes
    own = [j for j in space.order if roles.role[j] == "specific"]
    named = [f"{space.code.name(j)} to {listed(spoken_of(space, j))}" for j in own[:most]]
    named += [f"{len(own) - most} more"] if named and len(own) > most else []
    one_and_many = {
        "global": ("speaks of no attribute", "speak of no attribute")
        if about
        else ("is on for nearly every class", "are on for nearly every class"),
        "shared": ("is shared", "are shared"),
        "specific": ("speaks of few", "speak of few") if about else ("belongs to few", "belong to few"),
        "rare": ("opens rarely in any class", "open rarely in any class"),
    }
    parts = [f"{counts[role]} {verbs[counts[role] > 1]}" for role, verbs in one_and_many.items() if counts[role]]
    if dense := [j for j in space.order if space.role(j) == "dense"]:
        parts = [f"{len(dense)} {'has' if len(dense) == 1 else 'have'} no gate", *parts]
    parts = [part + (f" ({'; '.join(named)})" if part.endswith("few") and named else "") for part in parts]
    return f"{head}: {listed(parts)}."


def question(space: Space | None) -> str:
    """What the page answers, by what the labels of its data can tell."""
    if space is None or len(space.meaning.rows) < 2:
        return "Which dimensions mean what"
    return f"Which dimensions mean what for which {'attribute' if space.meaning.attributes else 'class'}"


def spoken_of(space: Space, j: int) -> list[str]:
    """The classes that dimension j is open in; attributes where it makes a difference."""
    roles = space.meaning.roles
    return [] if roles is None else np.asarray(space.meaning.rows)[roles.active[:, j]].tolist()


def role_rule(space: Space) -> str:
    """What the roles mean, in one line; empty without roles."""
    roles = space.meaning.roles
    if roles is None:
        return ""
    if space.meaning.attributes:
        many = "one attribute" if roles.specific_to == 1 else f"at most {roles.specific_to} attributes"
        return (
            f"A dimension speaks of an attribute when its mean gate is higher by more than {roles.threshold:g} with it "
            f"or without it. Specific: speaks of {many}; shared: of more; global: of none, open for all alike."
        )
    few = "one class" if roles.specific_to == 1 else f"at most {roles.specific_to} classes"
    rare = "; rare: used, yet open in no class" if roles.counts["rare"] else ""
    return (
        f"A dimension is open in a class whose mean gate is above {roles.threshold:g}. "
        f"Global: open in at least {roles.global_from} classes; specific: in {few}; shared: in between{rare}."
    )


def listed(words: Sequence[str]) -> str:
    """Words with commas and a last "and"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
