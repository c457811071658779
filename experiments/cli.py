"""The command ``pellucid``: fit, report, explore, experiment."""

import difflib
import os
import sys
import traceback
from collections.abc import Callable, Sequence

__all__ = ["main"]

COMMANDS = ["fit", "report", "explore", "experiment"]

USAGE = """pellucid: priors and posteriors whose latent dimensions mean something a person can name.

  pellucid fit --pair vsc --data mnist5k --pair.consistency 3     train a model and its guide, leave a run folder
  pellucid fit --resume runs/vsc-mnist5k-1                        go on with a run that was stopped
  pellucid report runs/vsc-mnist5k-1                              what its dimensions mean: report.html
  pellucid explore runs/vsc-mnist5k-1                             move its dimensions by hand, in the browser
  pellucid experiment class_vsc --preset demo                     a paper's experiment, cell by cell

Each command explains itself: pellucid fit --help, pellucid report --help, pellucid explore --help,
pellucid experiment --help
Exit code: 0 done, 2 something given was wrong and stderr says what, 143 or 130 stopped by SIGTERM or Ctrl-C.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the process's exit code.

    0 when it went well, 2 when something given was wrong (one sentence says what), 128 + the signal's number after a
    stop by signal.

    Args:
        argv: the words after ``pellucid``; those of the process if omitted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    command = words[0] if words else "--help"
    if command in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0
    if command == "--version":
        from pellucid import __version__

        print(__version__)
        return 0
    if command not in COMMANDS:
        near = difflib.get_close_matches(command, COMMANDS, 1) or COMMANDS[:1]
        print(
            f"error: expected a command, one of {', '.join(COMMANDS)}; given '{command}'.\n"
            f"Try one of:\n- pellucid {near[0]} --help\n- pellucid --help",
            file=sys.stderr,
        )
        return 2
    try:
        return commands()[command](words[1:])
    except SystemExit as stop:  # argparse leaves so after its own --help
        return int(stop.code or 0)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0
    except Exception as error:
        if os.environ.get("PELLUCID_TRACEBACK"):
            traceback.print_exc()
        from ..inference.training.lost import speaks

        if not speaks(error):  # of several processes of a run, one tells
            return 2
        expected = isinstance(error, (ValueError, OSError, RuntimeError))
        kind = "" if expected else f"{type(error).__name__}: "
        print(f"error: {kind}{error}", file=sys.stderr)
        if not expected:
            last = traceback.extract_tb(error.__traceback__)[-1]
            print(
                f"Raised in {last.filename}, line {last.lineno}. PELLUCID_TRACEBACK=1 shows the whole way there.",
                file=sys.stderr,
            )
        return 2


def commands() -> dict[str, Callable[[list[str]], int]]:
    """The commands by name; imported here, so that a mistyped word costs no second."""
    from . import experiment_command, explore_command, fit_command, report_command

    return {
        "fit": fit_command.main,
        "report": report_command.main,
        "explore": explore_command.main,
        "experiment": experiment_command.main,
    }


if __name__ == "__main__":
    sys.exit(main())
