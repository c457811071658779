"""The section of a grid's results: its heading, how it was made, and what the experiment's module has to say."""

from collections.abc import Sequence
from pathlib import Path

from ..inference.training.metrics import read_metrics
from .grid import Task
from .measures import measuring

__all__ = ["written"]


def written(tasks: Sequence[Task], module: str, title: str, command: str, figures: Path) -> str:
    """The section, in Markdown.

    Args:
        tasks: all of the preset; those not measured are named as missing.
        module: import path of the experiment's module.
        title: of the preset.
        command: that makes the section.
        figures: folder for its pictures.
    """
    measured = {task.cell: found for task in tasks if (found := task.measured)}
    body = measuring(module).write_results(measured, figures, title)
    heading, _, rest = body.partition("\n") if body.startswith("#") else (f"## {title}", "", body)
    missing = [str(task.cell) for task in tasks if task.cell not in measured]
    lines = [heading, opening(tasks, [found.folder for found in measured.values()], command)]
    lines += [f"Missing, {len(missing)} of these cells: {', '.join(missing)}."] if missing else []
    return "\n\n".join([*lines, rest.strip()])


def opening(tasks: Sequence[Task], trained: Sequence[Path], command: str) -> str:
    """What the section begins with: which cells, and how they were made. It holds no date and no path of a machine."""
    from pellucid import __version__

    sets, variants, seeds = (
        list(dict.fromkeys(getattr(task.cell, part) for task in tasks)) for part in ("set", "variant", "seed")
    )
    seconds = sum(row["seconds"] for folder in trained for row in read_metrics(folder / "metrics.csv"))
    return (
        f"{len(tasks)} cells: {counted(len(variants), 'variant')} on {', '.join(sets)}; "
        f"{'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}. Written by `{command}`, "
        f"pellucid {__version__}; one thread a cell, {seconds / 60:.1f} minutes of training in all."
    )


def counted(number: int, noun: str) -> str:
    """A number of things.

    Example:
        >>> counted(1, "variant"), counted(3, "variant")
        ('1 variant', '3 variants')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
