"""An experiment: a grid of cells, each a run folder keyed by its configuration."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..inference import Run, fit, load
from ..inference.training import is_finished
from .cell import Cell
from .configuration import make_job
from .measures import Measured, measure_run, measuring, read_measures
from .preset import Preset

__all__ = ["Cell", "Task", "select", "tasks"]


@dataclass(frozen=True)
class Task:
    """A cell, and what has to be done for it.

    Attributes:
        cell: what is trained.
        folder: its run folder.
        module: import path of what measures it; None if it is only trained.
    """

    cell: Cell
    folder: Path
    module: str | None = None

    @property
    def state(self) -> str:
        """One of "finished", "to measure", "begun", "to do"."""
        if not self.folder.exists():
            return "to do"
        if self.measured:
            return "finished"
        if not self.trained:
            return "begun"
        return "to measure" if self.module else "finished"

    @property
    def trained(self) -> bool:
        """Whether the run came to its end. What is wrong with a damaged one is said when it is taken up."""
        try:
            return is_finished(self.folder)
        except (FileNotFoundError, ValueError):
            return False

    @property
    def measured(self) -> Measured | None:
        """What was measured of it, if that was by the module's version of today."""
        return read_measures(self.folder, measuring(self.module).version) if self.module else None

    def run(self, *, progress: bool = False) -> int:
        """Train and measure, as far as that is still to be done; the number of the signal that stopped it, or 0.

        Args:
            progress: show the live line.
        """
        run = self.train(progress)
        if self.module and not run.stopped:
            measure_run(run, self.module)
        return run.stopped

    def train(self, progress: bool) -> Run:
        """The run: loaded if it is finished, taken up if it was broken off, trained otherwise."""
        if self.trained:
            return load(self.folder)
        job = make_job(self.cell.config)
        resume = self.folder.exists()
        return fit(job.pair, job.data, folder=self.folder, resume=resume, progress=progress, **job.settings)


def tasks(preset: Preset, folder: Path, module: str | None) -> list[Task]:
    """A task for every cell of a preset, in a folder of the experiment."""
    return [Task(cell, folder / preset.path(cell), module) for cell in preset.cells]


def select(text: str, count: int) -> Sequence[int]:
    """The numbers that a slice takes of so many cells.

    Args:
        text: START:STOP or START:STOP:STEP, as Python slices: numbers may be left out, negative ones count from the
            end. A single number is that cell.
        count: of all cells.

    Raises:
        ValueError: if it is no slice, or takes no cell.

    Example:
        >>> list(select("3:7", 54)), list(select("1::2", 6)), list(select("-1", 6))
        ([3, 4, 5, 6], [1, 3, 5], [5])
    """
    try:
        numbers = [int(number) if number else None for number in text.split(":")]
        chosen = range(count)[slice(*numbers)] if len(numbers) > 1 else [range(count)[int(text)]]
    except (IndexError, TypeError, ValueError):
        chosen = []
    if not chosen:
        raise ValueError(
            f"--cells: expected START:STOP or START:STOP:STEP that takes some of the {count} cells; given '{text}'.\n"
            f"Try one of:\n- --cells 0:{(count + 1) // 2}, for the first half\n"
            "- --cells 0::2 here and --cells 1::2 on another machine\n- --list, which numbers them"
        )
    return chosen
