"""``pellucid report``: what a run's dimensions mean, as one page, several runs side by side."""

from pathlib import Path

from ..inference import load
from .report import write_report
from .words import Words

__all__ = ["main"]


def main(words: list[str]) -> int:
    """Run the command; its exit code."""
    parser = Words(
        prog="pellucid report",
        description="Write RUN/report.html, RUN/posterior.nc and RUN/figures: which dimensions mean what for which "
        "class, and how sure that is. With several runs, all of them side by side, and whose evidence is better by how "
        "much, in the folder of the first.",
    )
    parser.add_argument("run", type=Path, nargs="+", help="a run folder; more of them for comparison")
    given = parser.parse_args(words)
    print(write_report(*map(load, given.run)))
    return 0
