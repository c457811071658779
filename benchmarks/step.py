"""``python -m benchmarks.step``: a gradient step of every pair of the zoo against the same model written by hand.

Forward, backward and a fused Adam. Milliseconds are the median of the hand-written twin, compiled; the other columns
are ratios to it, medians over interleaved rounds of one process. "stock Pyro" is the tutorial's program under
``TraceMeanField_ELBO`` with Pyro's default validation.
"""

import argparse
import statistics
from collections.abc import Callable

import torch

from benchmarks.columns import head, line
from benchmarks.entries import ENTRIES, Entry, first_batch
from benchmarks.machine import machine
from benchmarks.precision import precisions
from benchmarks.steps import captured, compiled, eager, plain
from benchmarks.timing import calls_for, interleaved, ratio

TURN = 0.08  # seconds
COLUMNS = ["pair, batch", "by hand, ms", "by hand, eager", "captured", "eager", "stock Pyro", "captured / stock"]
WIDTH = 36


def competitors(entry: Entry, size: int) -> dict[str, Callable[[], None]]:
    """Name -> a step, each with weights of its own."""
    batch = first_batch(entry.digits, size)
    steps = {
        "by hand": compiled(entry.twin(batch), batch),
        "by hand, eager": plain(entry.twin(batch), batch),
        "captured": captured(entry.pair(entry.digits), batch),
        "eager": eager(entry.pair(entry.digits), batch),
    }
    return steps if entry.stock is None else steps | {"stock Pyro": plain(entry.stock(), batch)}


def row(name: str, size: int, rounds: int) -> list[str]:
    """The cells of a pair and a batch size."""
    torch._dynamo.reset()  # the code of a twin serves several pairs: its limit of recompilations is for one of them
    torch.manual_seed(0)
    steps = competitors(ENTRIES[name], size)
    times = interleaved(steps, rounds, calls_for(steps["by hand"], TURN))
    cells = [f"{name}, {size}", f"{statistics.median(times['by hand']):.2f}"]
    cells += [f"{ratio(times[c], times['by hand']):.2f}" if c in times else "" for c in COLUMNS[2:6]]
    return [*cells, f"{ratio(times['captured'], times['stock Pyro']):.2f}" if "stock Pyro" in times else ""]


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.step", description=(__doc__ or "").split(": ", 1)[1])
    parser.add_argument("--batch", type=int, nargs="+", default=[128, 512], help="rows a step")
    parser.add_argument("--pairs", nargs="+", choices=list(ENTRIES), default=list(ENTRIES), metavar="PAIR")
    parser.add_argument("--rounds", type=int, default=25, help="turns of each competitor")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--markdown", action="store_true", help="for a page")
    parser.add_argument("--precision", action="store_true", help="bfloat16 against float32 instead, batches of 512")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(machine() + "\n", flush=True)
    if options.precision:
        precisions(options.rounds, options.markdown)
        return
    print(head(COLUMNS, WIDTH, options.markdown), flush=True)
    for name in options.pairs:
        for size in options.batch:
            print(line(row(name, size, options.rounds), COLUMNS, WIDTH, options.markdown), flush=True)


if __name__ == "__main__":
    main()
