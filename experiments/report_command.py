"""``pellucid report``: what a run's dimensions mean, as one page."""

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
        "class, and how sure that is.",
    )
    parser.add_argument("run", type=Path, help="a run folder")
    parser.add_argument(
        "--beside",
        type=Path,
        metavar="RUN",
        help="a second run shown beside it, such as the same model without class information",
    )
    given = parser.parse_args(words)
    print(write_report(load(given.run), beside=load(given.beside) if given.beside else None))
    return 0
