"""``python -m benchmarks.loop``: ``fit`` against the same steps in a bare loop, and whole runs eager and captured.

A run is timed from the call of ``fit`` to its return, compilation and validation included, each time in a fresh
process: eager; captured with an empty folder of compiled code; captured again with what that run left there.
"""

import argparse
import tempfile
import time
from pathlib import Path

import pyro
import torch

from benchmarks.columns import head, line
from benchmarks.entries import ENTRIES
from benchmarks.fresh import fresh
from benchmarks.machine import machine
from benchmarks.timing import table
from pellucid import fit
from pellucid.data import Batches
from pellucid.inference.pyro_checks import UNCHECKED
from pellucid.schedules import advance

COLUMNS = ["epochs of mnist5k", "seconds", "to eager", "validation bound"]
WIDTH = 40


def bare(name: str, epochs: int) -> float:
    """Seconds of a loop with nothing but steps."""
    entry = ENTRIES[name]
    torch.manual_seed(0)
    pair = entry.pair(entry.digits)
    batches = Batches(entry.digits.train, 128, shuffle=True, drop_last=True)
    optimiser = torch.optim.Adam(pair.parameters(), lr=1e-3, fused=True)
    began = time.perf_counter()
    with pyro.settings.context(**UNCHECKED):
        for epoch in range(epochs):
            for step, batch in enumerate(batches.epoch(epoch)):
                advance(pair, (epoch + step / len(batches)) / epochs)
                optimiser.zero_grad(set_to_none=True)
                pair(*batch).loss.backward()
                optimiser.step()
    return time.perf_counter() - began


def fitted(name: str, epochs: int, compiled: bool) -> tuple[float, float, float]:
    """Seconds of the whole run and of its epochs, validation and checkpoints aside, and the final validation bound."""
    entry = ENTRIES[name]
    torch.manual_seed(0)
    pair = entry.pair(entry.digits)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        run = fit(pair, entry.digits, epochs=epochs, folder=Path(folder) / "run", compile=compiled, progress=False)
        whole = time.perf_counter() - began
        return whole, sum(row["seconds"] for row in run.history), run.history[-1]["validation/bound"]


def against_bare(name: str = "vsc", epochs: int = 2, rounds: int = 11) -> None:
    """The table of an eager step in the loop."""
    steps = epochs * (ENTRIES[name].digits.n_data // 128)
    times: dict[str, list[float]] = {"bare loop": [], "fit": []}
    for _ in range(rounds):
        times["bare loop"].append(1000 * bare(name, epochs) / steps)
        times["fit"].append(1000 * fitted(name, epochs, compiled=False)[1] / steps)
    print(table(f"a step of {name} in the loop, eager, batch 128", times, "bare loop") + "\n", flush=True)


def whole_runs(names: list[str], epochs: int, markdown: bool) -> None:
    """The table of whole runs."""
    print(head(COLUMNS, WIDTH, markdown), flush=True)
    for name in names:
        with tempfile.TemporaryDirectory() as cache:
            runs = {
                "eager": fresh(fitted, name, epochs, False, cache=cache),
                "captured, cold": fresh(fitted, name, epochs, True, cache=cache),
                "captured, warm": fresh(fitted, name, epochs, True, cache=cache),
            }
        for way, (seconds, _, bound) in runs.items():
            cells = [f"{epochs}, {name}, {way}", f"{seconds:.1f}", f"{seconds / runs['eager'][0]:.2f}", f"{bound:.2f}"]
            print(line(cells, COLUMNS, WIDTH, markdown), flush=True)


def main() -> None:
    """Both tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loop", description=(__doc__ or "").split(": ", 1)[1])
    parser.add_argument("--pairs", nargs="+", choices=list(ENTRIES), default=["vsc", "class_vsc"], metavar="PAIR")
    parser.add_argument("--epochs", type=int, default=60, help="of a whole run")
    parser.add_argument("--rounds", type=int, default=11, help="of the loops' comparison; 0 leaves it out")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--markdown", action="store_true", help="for a page")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(machine() + "\n", flush=True)
    if options.rounds:
        against_bare(rounds=options.rounds)
    whole_runs(options.pairs, options.epochs, options.markdown)


if __name__ == "__main__":
    main()
