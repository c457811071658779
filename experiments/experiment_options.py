"""What ``pellucid experiment`` takes."""

import argparse
from pathlib import Path

from .preset import experiments, presets
from .words import Words

__all__ = ["experiment_options"]


def experiment_options() -> Words:
    """The parser of the command's words."""
    parser = Words(
        prog="pellucid experiment",
        description="Run an experiment: every cell is a run folder, and finished cells are skipped, so that an "
        "interrupted experiment goes on where it was. A preset that names data sets or seeds is a grid: its cells "
        "run several at once, with one thread each, are measured, and the figures go to RESULTS.md.",
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
    parser.add_argument("--list", action="store_true", help="only number the cells and say how far each is")
    parser.add_argument(
        "--cells",
        metavar="START:STOP",
        help="only these, by the numbers that --list shows: 3:7, or 0::2 for every other",
    )
    parser.add_argument(
        "--jobs",
        type=at_least_one,
        metavar="N",
        help="cells at once; the figures of a grid do not depend on it (default: one for each core in a grid, else 1, "
        "which has all cores)",
    )
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FILE.md",
        help="put a grid's results into this file, in the place of its earlier ones, and its figures beside it "
        "(default: FOLDER/RESULTS.md)",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    return parser


def at_least_one(text: str) -> int:
    """A whole number, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number, 1 or more; given '{text}'")
    return int(text)
