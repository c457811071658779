"""The second table of ``python -m benchmarks.step --precision``: networks in bfloat16 against float32, captured."""

import statistics
from collections.abc import Callable
from contextlib import ExitStack

import torch

from benchmarks.columns import head, line
from benchmarks.entries import ENTRIES, first_batch
from benchmarks.steps import captured
from benchmarks.timing import calls_for, interleaved, ratio
from pellucid.inference.precision import networks_in

__all__ = ["precisions"]

COLUMNS = ["pair, batch", "float32, ms", "bfloat16, ms", "ratio"]


def precisions(rounds: int, markdown: bool, size: int = 512) -> None:
    """Print it."""
    print(head(COLUMNS, 20, markdown), flush=True)
    for name in ("vae", "vsc", "vae, conv", "vsc, conv"):
        times = both(name, size, rounds)
        medians = [f"{statistics.median(times[dtype]):.2f}" for dtype in ("float32", "bfloat16")]
        cells = [f"{name}, {size}", *medians, f"{ratio(times['bfloat16'], times['float32']):.2f}"]
        print(line(cells, COLUMNS, 20, markdown), flush=True)


def both(name: str, size: int, rounds: int) -> dict[str, list[float]]:
    """Milliseconds a step in each precision."""
    torch._dynamo.reset()
    entry, steps = ENTRIES[name], dict[str, Callable[[], None]]()
    batch = first_batch(entry.digits, size)
    with ExitStack() as regions:
        for dtype in (torch.float32, torch.bfloat16):
            pair = entry.pair(entry.digits)
            regions.enter_context(networks_in(pair, dtype))
            steps[str(dtype).removeprefix("torch.")] = captured(pair, batch)
        return interleaved(steps, rounds, calls_for(steps["float32"], 0.1))
