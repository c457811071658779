"""``pellucid experiment``: a paper's experiment, cell by cell."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ..inference import load
from .experiment_options import experiment_options
from .grid import Task, select, tasks
from .jobs import cores, run_here, run_in_workers
from .measures import measuring, module_of
from .preset import Preset, read_preset
from .report import write_report
from .results import require_place, write_section
from .section import written
from .tally import Tally

__all__ = ["main"]


def main(words: list[str]) -> int:
    """Run the command; its exit code."""
    given = experiment_options().parse_args(words)
    preset, size = read_preset(given.name, given.preset), Path(given.preset).stem
    folder = given.folder or Path("runs") / f"{given.name}-{size}"
    module = (preset.module or module_of(given.name)) if preset.is_grid else None
    grid = tasks(preset, folder, module)
    chosen = select(given.cells, len(grid)) if given.cells else range(len(grid))
    if given.list:
        print(listing(grid, chosen))
        return 0
    results = given.results or folder / "RESULTS.md"
    if module:
        measuring(module)  # what it lacks is said before anything is trained
        require_place(results, given.name, size)
    elif given.results:
        raise ValueError(f"--results: nothing measures the cells of {given.preset}.\nTry one of:\n- without --results")

    to_do = [grid[number] for number in chosen if grid[number].state != "finished"]
    jobs = min(given.jobs or (cores() if preset.is_grid else 1), max(len(to_do), 1))
    tally = Tally(len(chosen), len(chosen) - len(to_do), jobs, shown=preset.is_grid and not given.quiet)
    if jobs > 1:
        stopped = run_in_workers(to_do, tally, jobs=jobs)
    else:
        live = not (preset.is_grid or given.quiet)
        stopped = run_here(to_do, tally, threads=1 if preset.is_grid else None, progress=live)
    if stopped:
        return 128 + stopped

    print(preset.title)
    if page := report(preset, folder):
        print(f"report: {page}")
    if module and any(task.measured for task in grid):
        command = f"pellucid experiment {given.name} --preset {public(given.preset)}"
        command += f" --results {public(given.results)}" if given.results else ""
        write_section(results, given.name, size, lambda new: written(grid, module, preset.title, command, new))
        print(f"results: {results}")
    if tally.failed:
        failures = "\n".join(f"- {cell}: {sentence}" for cell, sentence in tally.failed.items())
        raise RuntimeError(
            f"{len(tally.failed)} of {len(chosen)} cells failed:\n{failures}\nTry one of:\n"
            "- the same command, which skips finished cells and takes up the others\n"
            "- PELLUCID_TRACEBACK=1 before it, which shows where each went wrong"
        )
    return 0


def listing(grid: Sequence[Task], chosen: Sequence[int]) -> str:
    """The cells by number with their state, and how many there are of each state."""
    states = [grid[number].state for number in chosen]
    width = max(len(str(grid[number].cell)) for number in chosen)
    lines = [f"{n:4}  {grid[n].cell!s:{width}}  {state}" for n, state in zip(chosen, states, strict=True)]
    return "\n".join([*lines, ", ".join(f"{count} {state}" for state, count in Counter(states).items())])


def report(preset: Preset, folder: Path) -> Path | None:
    """Write the report that the preset asks for, if both its cells are trained."""
    pair = [Task(cell, folder / preset.path(cell)) for cell in preset.report or ()]
    if not pair or any(task.state != "finished" for task in pair):
        return None
    return write_report(*(load(task.folder) for task in pair))


def public(path: str | Path) -> str:
    """A name or path as results may show it: without the folders of this machine."""
    return Path(path).name if Path(path).is_absolute() else str(path)
