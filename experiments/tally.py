"""A line for every cell that ends: how many are done, how long it took, how long the rest will take."""

import sys

from rich.console import Console
from rich.text import Text

from ..inference.training.display import clock
from .attempt import Outcome
from .cell import Cell
from .grid import Task

__all__ = ["Tally"]


class Tally:
    """Counts the tasks of an experiment as they end.

    Args:
        total: of all tasks.
        done: of those that were finished before.
        jobs: tasks at once.
        shown: False prints nothing, failures excepted.

    Attributes:
        failed: what went wrong, by cell.
    """

    def __init__(self, total: int, done: int, jobs: int, *, shown: bool = True):
        self.total, self.ended, self.jobs, self.shown = total, done, jobs, shown
        self.seconds: list[float] = []
        self.failed: dict[Cell, str] = {}
        self.console = Console(file=sys.stderr, highlight=False)

    def __call__(self, task: Task, outcome: Outcome) -> None:
        """Take note of a task that ended."""
        self.ended += 1
        self.seconds.append(outcome.seconds)
        if outcome.error:
            self.failed[task.cell] = outcome.error
        if self.shown or outcome.error:
            self.console.print(Text(self.line(task, outcome)), soft_wrap=True)

    def line(self, task: Task, outcome: Outcome) -> str:
        """What is said of it."""
        remaining = self.total - self.ended
        left = remaining * sum(self.seconds) / len(self.seconds) / min(self.jobs, max(remaining, 1))
        count = f"{self.ended:{len(str(self.total))}}/{self.total}  {task.cell}  {clock(outcome.seconds)}"
        tail = f"failed: {outcome.error}" if outcome.error else f"about {clock(left)} left" if remaining else "done"
        return f"{count}  {tail}"
