"""Where a program was when it could not be traced: the last site it reached, and the line of its own code."""

import sysconfig
import traceback
from pathlib import Path
from typing import Any

from pyro.poutine.messenger import Messenger

__all__ = ["LastSite", "last_line"]

INSTALLED = tuple(sysconfig.get_path(kind) for kind in ("purelib", "platlib", "stdlib"))


class LastSite(Messenger):
    """Remembers the last sample statement that was reached.

    Attributes:
        name: of the site; None before the first.
    """

    name: str | None = None

    def _pyro_sample(self, msg: Any) -> None:
        self.name = msg["name"]


def last_line(error: BaseException) -> str:
    """The innermost line of code that belongs to no installed library, as "file:line: code".

    Example:
        >>> try:
        ...     int("x")
        ... except ValueError as error:
        ...     "int(" in last_line(error)
        True
    """
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith((*INSTALLED, "<"))]
    frame = (own or frames)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}: {frame.line}"
