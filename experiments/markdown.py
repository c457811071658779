"""Tables in Markdown, and figures as their cells have them."""

from collections.abc import Sequence

from .interval import Interval

__all__ = ["markdown", "percent", "signed"]


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table.

    Example:
        >>> print(markdown(["a", "b"], [["1", "2"]]))
        | a | b |
        |---|---|
        | 1 | 2 |
    """
    first, *rest = ("| " + " | ".join(line) + " |" for line in (head, *rows))
    return "\n".join([first, "|" + "---|" * len(head), *rest])


def percent(value: Interval) -> str:
    """A share in per cent."""
    return Interval(100 * value.mean, 100 * value.half, value.seeds).written(1)


def signed(value: Interval, digits: int = 2) -> str:
    """A change, with its sign."""
    return ("+" if value.mean >= 0 else "") + value.written(digits)
