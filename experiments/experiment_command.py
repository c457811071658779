"""``pellucid experiment``: a paper's experiment, cell by cell."""

from pathlib import Path

from .grid import run_cell
from .preset import experiments, presets, read_preset
from .report import write_report
from .words import Words

__all__ = ["main"]


def main(words: list[str]) -> int:
    """Run the command; its exit code."""
    parser = Words(
        prog="pellucid experiment",
        description="Run an experiment: every cell is a run folder, and finished cells are skipped, so that an "
        "interrupted experiment goes on where it was.",
        epilog="Experiments and their presets: "
        + "; ".join(f"{name} ({', '.join(sorted(presets(name)))})" for name in experiments()),
    )
    parser.add_argument("name", help="the experiment, such as class_vsc")
    parser.add_argument(
        "--preset",
        default="demo",
        help="its size by name, or a YAML file of your own in the form of those in pellucid/experiments/presets "
        "(default: demo)",
    )
    parser.add_argument("--folder", type=Path, help="where its cells go (default: runs/NAME-PRESET)")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    given = parser.parse_args(words)
    preset = read_preset(given.name, given.preset)
    folder = given.folder or Path("runs") / f"{given.name}-{Path(given.preset).stem}"
    runs = {}
    for name, config in preset["cells"].items():
        runs[name] = run_cell(name, config, folder, progress=not given.quiet)
        if runs[name].stopped:
            return 128 + runs[name].stopped
    main_cell, beside = preset["report"]
    page = write_report(runs[main_cell], beside=runs[beside])
    print(f"{preset['title']}\nreport: {page}")
    return 0
