"""``python -m benchmarks.information``: time, memory and error of I(x; z_j), and how they grow with N and D.

The posteriors are those of a trained code: 15 dimensions in use, of 2 to 3 nats each, the others collapsed. Errors are
against quadrature on one uniform grid, in the dimensions in use. Beside it, in the same run, the sampled estimate of
the literature on disentanglement: one draw of each row, its density under a random minibatch of rows in place of the
aggregate (minibatch-weighted sampling, with the log N that makes it an information taken off).
``--figure FILE`` draws the growth.
"""

import argparse
import math
import multiprocessing
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Normal

from benchmarks.machine import machine
from benchmarks.memory import added, resident
from pellucid.diagnostics import information_bounds, mutual_information
from pellucid.diagnostics.information.components import batches
from pellucid.diagnostics.information.dense import dense_information

T = TypeVar("T")
TICKS = (0.3, 0.5, 1, 2, 5)
ROWS, DIMENSIONS, USED = 60_000, 128, 15
GROWTH = {"N": (7_500, 15_000, 30_000, 60_000, 120_000), "D": (16, 32, 64, 128, 256)}
SAMPLED = 2  # dimensions whose minibatch estimate is timed: it takes long


def posterior(rows: int, dimensions: int, used: int) -> tuple[Tensor, Tensor]:
    """Locations and scales, float32, as an encoder gives them."""
    g = torch.Generator().manual_seed(0)
    loc = 0.02 * torch.randn(rows, dimensions, generator=g)
    scale = 1 + 0.02 * torch.randn(rows, dimensions, generator=g)
    loc[:, :used] = torch.randn(rows, used, generator=g)
    scale[:, :used] = torch.rand(rows, used, generator=g) * 0.1 + 0.05
    return loc, scale


def measured(rows: int, dimensions: int, used: int, threads: int) -> tuple[float, float, float]:
    """Seconds, megabytes added at the peak, and megabytes of the whole process, in a process of its own."""
    torch.set_num_threads(threads)
    loc, scale = posterior(rows, dimensions, used)
    mutual_information(loc[:100], scale[:100])
    spent: list[float] = []
    memory = added(lambda: spent.append(timed(lambda: mutual_information(loc, scale))[1]))
    return spent[0], memory, resident("VmHWM")


def timed(run: Callable[[], T]) -> tuple[T, float]:
    """What a call gives, and the seconds it takes."""
    began = time.perf_counter()
    return run(), time.perf_counter() - began


def in_turn(sizes: list[tuple[int, int, int]], rounds: int) -> list[tuple[float, float, float]]:
    """The median measures of every size, the sizes taken in turn."""
    threads = torch.get_num_threads()
    found: list[list[tuple[float, float, float]]] = [[] for _ in sizes]
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as fresh:
        for _ in range(rounds):
            for own, size in zip(found, sizes, strict=True):
                own.append(fresh.apply(measured, (*size, threads)))
    return [tuple(statistics.median(column) for column in zip(*each, strict=True)) for each in found]  # type: ignore


def main() -> None:
    """The tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figure", type=Path, help="PNG of the growth with N and D")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(machine())
    ((spent, memory, whole),) = in_turn([(ROWS, DIMENSIONS, USED)], options.rounds)
    print(f"N = {ROWS}, D = {DIMENSIONS}, {USED} in use: {spent:.2f} s, {memory:.0f} MB added, {whole:.0f} MB in all")

    loc, scale = posterior(ROWS, USED, USED)
    exact = mutual_information(loc, scale)
    (q,) = batches(loc, scale)
    dense, spent = timed(lambda: dense_information(q).value)
    error = np.abs(exact.value - dense).max()
    print(f"exact: within {error:.1e} nats of one uniform grid, which takes {spent / USED:.1f} s a dimension")
    few = Normal(loc[:, :SAMPLED], scale[:, :SAMPLED])
    for batch in (1024, 4096):
        found, spent = timed(partial(information_bounds, few, batch=batch))
        low, high = ((each - exact.value[:SAMPLED]).mean() for each in (found.lower, found.upper))
        print(
            f"minibatch of {batch}: {spent / SAMPLED:.1f} s a dimension, off by {low:+.4f}, standard error "
            f"{found.lower_error.mean():.4f}; leave-one-out {high:+.4f}; with its log N {low + math.log(ROWS):+.2f}"
        )

    sizes = [(n, DIMENSIONS, USED) for n in GROWTH["N"]] + [(ROWS // 2, d, USED) for d in GROWTH["D"]]
    growth = in_turn(sizes, options.rounds)
    for (rows, dimensions, _), (spent, memory, _) in zip(sizes, growth, strict=True):
        each = 1e9 * spent / rows / dimensions
        print(f"N {rows:7d}  D {dimensions:4d}  {spent:6.2f} s  {each:5.0f} ns a value  {memory:5.0f} MB")
    if options.figure:
        number = len(GROWTH["N"])
        draw({"N": growth[:number], "D": growth[number:]}).savefig(options.figure, dpi=130)


def draw(growth: dict[str, list[tuple[float, float, float]]]):
    """Seconds against N and against D, with the line of proportion through the largest."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3), layout="constrained")
    panels = figure.subplots(1, 2)
    for panel, (name, sizes) in zip(panels, GROWTH.items(), strict=True):
        spent = [each[0] for each in growth[name]]
        panel.loglog(sizes, spent, "o-", color="#0072b2", label="measured")
        panel.loglog(
            sizes, [spent[-1] * size / sizes[-1] for size in sizes], "--", color="#767676", label="in proportion"
        )
        panel.set_xticks(sizes, [f"{size:,}" for size in sizes], minor=False)
        panel.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
        panel.minorticks_off()
        panel.set_xlabel({"N": f"rows N, at D = {DIMENSIONS}", "D": f"dimensions D, at N = {ROWS // 2:,}"}[name])
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("seconds, 2 threads")
    panels[0].legend(frameon=False)
    return figure


if __name__ == "__main__":
    main()
