"""The body of a section of results: text, tables and figures in their order."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Body"]


class Body:
    """Paragraphs of Markdown, the figures written beside it.

    Args:
        folder: for the figures, which the text links to as ``figures/FOLDER/NAME.png``.
        title: of the section.
        reading: how to read its numbers.

    Attributes:
        parts: the paragraphs.

    Example:
        >>> body = Body(Path("small"), "Title", "Means.")
        >>> body.told("### Errors", {"*digits*": "| 3 |", "*coats*": None}, "In per cent.", None)
        >>> body.told("### Bounds", {"": None}, "Nothing to tell.")
        >>> body.parts
        ['## Title', 'Means.', '### Errors', 'In per cent.', '*digits*', '| 3 |']
    """

    def __init__(self, folder: Path, title: str, reading: str):
        self.folder, self.parts = folder, [f"## {title}", reading]

    def told(self, heading: str, tables: Mapping[str, str | None], *text: str | None) -> None:
        """A heading, its text, and the tables that there are, each under its name; nothing without a table."""
        kept = {name: table for name, table in tables.items() if table is not None}
        if kept:
            self.parts += [heading, *filter(None, text)]
            for name, table in kept.items():
                self.parts += [name, table] if name else [table]

    def picture(self, name: str, figure: "Figure | None", text: str) -> None:
        """A figure and what it shows; nothing without one."""
        if figure is not None:
            figure.savefig(self.folder / f"{name}.png", dpi=110, bbox_inches="tight")
            self.parts.append(f"![{text}](figures/{self.folder.name}/{name}.png)")
