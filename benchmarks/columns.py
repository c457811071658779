"""Lines of a table, aligned for a terminal or in Markdown for a page."""

from collections.abc import Sequence

__all__ = ["head", "line"]


def head(names: Sequence[str], width: int, markdown: bool) -> str:
    """The names of the columns; the first is ``width`` wide and on the left, the others on the right."""
    if not markdown:
        return line(names, names, width, markdown)
    return line(names, names, width, markdown) + "\n|---" + "|---:" * (len(names) - 1) + "|"


def line(cells: Sequence[str], names: Sequence[str], width: int, markdown: bool) -> str:
    """One row."""
    if markdown:
        return "| " + " | ".join(cells) + " |"
    others = (f"{cell:>{max(7, len(name))}s}" for cell, name in zip(cells[1:], names[1:], strict=True))
    return "  ".join([f"{cells[0]:{width}s}", *others])
