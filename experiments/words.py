"""The words of a command line, read so that a wrong one is answered by a sentence."""

import argparse
from typing import NoReturn

__all__ = ["Words"]


class Words(argparse.ArgumentParser):
    """An argparse parser without abbreviations, whose errors are exceptions.

    Raises:
        ValueError: from its parsing methods, with the word that is wrong.

    Example:
        >>> words = Words(prog="pellucid report")
        >>> _ = words.add_argument("--port")
        >>> words.parse_args(["--ports", "80"])
        Traceback (most recent call last):
        ...
        ValueError: pellucid report: unrecognized arguments: --ports 80.
        Try one of:
        - pellucid report --help
    """

    def __init__(self, **options):
        super().__init__(**options, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise in place of printing the usage and leaving."""
        raise ValueError(f"{self.prog}: {message}.\nTry one of:\n- {self.prog} --help")
