"""``python -m benchmarks.start``: seconds until a pair is captured and compiled, each in a fresh process.

Cold starts with an empty folder of compiled code, warm with what the cold one left there. Imports and the data are not
counted; the comparison of the compiled loss with the pair's own is.
"""

import argparse
import tempfile
import time

import torch

from benchmarks.columns import head, line
from benchmarks.entries import ENTRIES, first_batch
from benchmarks.fresh import fresh
from benchmarks.machine import machine
from pellucid.inference.capture import Captured

COLUMNS = ["pair, batch", "cold, s", "warm, s"]
WIDTH = 36


def until_captured(name: str, size: int) -> float:
    """Seconds of a first step, forward and backward."""
    entry = ENTRIES[name]
    batch, pair = first_batch(entry.digits, size), entry.pair(entry.digits)
    began = time.perf_counter()
    Captured(pair)(batch).backward()
    return time.perf_counter() - began


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=(__doc__ or "").split(": ", 1)[1])
    parser.add_argument("--batch", type=int, default=128, help="rows a step")
    parser.add_argument("--pairs", nargs="+", choices=list(ENTRIES), default=list(ENTRIES), metavar="PAIR")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--markdown", action="store_true", help="for a page")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{machine()}\n\n{head(COLUMNS, WIDTH, options.markdown)}", flush=True)
    for name in options.pairs:
        with tempfile.TemporaryDirectory() as cache:
            cold, warm = (fresh(until_captured, name, options.batch, cache=cache) for _ in range(2))
        cells = [f"{name}, {options.batch}", f"{cold:.1f}", f"{warm:.1f}"]
        print(line(cells, COLUMNS, WIDTH, options.markdown), flush=True)


if __name__ == "__main__":
    main()
