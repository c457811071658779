"""A figure on the page, and what those who draw one hand over."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Drawn", "Picture"]

Drawn = Iterator[tuple[str, str, "Figure", str]]
"""Section, name of the file, figure and caption of each."""


@dataclass(frozen=True)
class Picture:
    """A figure on the page.

    Attributes:
        section: where it belongs.
        name: of its file, without the ending.
        caption: what it shows, and in which units.
        bytes: the PNG.
        width: on the page, in CSS pixels: a hundred to an inch of the figure.
    """

    section: str
    name: str
    caption: str
    bytes: bytes
    width: int
