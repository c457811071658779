"""A task run so that whatever goes wrong with it is a sentence and ends nothing else."""

import contextlib
import os
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from .cell import Cell
from .grid import Task

__all__ = ["Outcome", "attempt"]


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Attributes:
        seconds: that it took.
        stopped: number of the signal that ended it early; 0 without one.
        error: what went wrong, in one sentence; empty if nothing did.
    """

    seconds: float
    stopped: int = 0
    error: str = ""


def attempt(task: Task, *, progress: bool = False) -> Outcome:
    """Run a task; an exception becomes a sentence, and with ``PELLUCID_TRACEBACK`` set is shown whole on stderr.

    Args:
        task: what is to be done.
        progress: show the live line of its training.
    """
    began, stopped, error = time.monotonic(), 0, ""
    try:
        with warned_by(task.cell):
            stopped = task.run(progress=progress)
    except Exception as caught:
        if os.environ.get("PELLUCID_TRACEBACK"):
            traceback.print_exc(file=sys.stderr)
        kind = "" if isinstance(caught, (ValueError, OSError, RuntimeError)) else f"{type(caught).__name__}: "
        error = kind + (str(caught).partition("\n")[0] or type(caught).__name__)
    return Outcome(time.monotonic() - began, stopped, error)


@contextlib.contextmanager
def warned_by(cell: Cell) -> Iterator[None]:
    """Say of a warning which cell it comes from, in place of the line of code: several cells may run at once."""
    before = warnings.formatwarning
    warnings.formatwarning = lambda message, *_, **__: f"{cell}: {message}\n"
    try:
        yield
    finally:
        warnings.formatwarning = before
