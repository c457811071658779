"""``python -m benchmarks.step``: the training step against hand-written torch, and ``fit`` against a bare loop.

Ratios are medians over interleaved rounds of one process; 1.00 is the hand-written step with a fused Adam.
"""

import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyro
import torch
from pyro.infer import TraceMeanField_ELBO
from torch import nn

from benchmarks.timing import interleaved, table
from benchmarks.twins import HandVAE, HandVSC
from pellucid import Batch, Pair, data, fit, zoo
from pellucid.data import Batches
from pellucid.inference.training.pyro_checks import UNCHECKED
from pellucid.schedules import advance

DIGITS = data.mnist5k()


def batch_of(rows: int) -> Batch:
    """The first training batch."""
    return next(Batches(DIGITS.train, rows, shuffle=True).epoch(0))


def stepper(loss: Callable[[], torch.Tensor], module: nn.Module) -> Callable[[], None]:
    """A gradient step with a fused Adam."""
    optimiser = torch.optim.Adam(module.parameters(), lr=1e-3, fused=True)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        loss().backward()
        optimiser.step()

    return step


def ours(pair: Pair, batch: Batch) -> Callable[[], None]:
    """The step as ``fit`` takes it, Fabric and metrics aside."""

    def loss() -> torch.Tensor:
        with pyro.settings.context(**UNCHECKED):
            return pair(*batch).loss

    return stepper(loss, pair)


def stock(pair: Pair, batch: Batch) -> Callable[[], None]:
    """The same pair under Pyro's own objective, with Pyro's default validation."""
    loss = TraceMeanField_ELBO()(pair.model, pair.guide)
    return stepper(lambda: loss(*batch), loss)


def steps() -> None:
    """The table of steps."""
    for rows in (128, 512):
        batch = batch_of(rows)
        vae, vsc, consistent = HandVAE(50), HandVSC(60), HandVSC(60)
        hand = {
            "vae": stepper(lambda vae=vae, batch=batch: vae(batch.x), vae),
            "vsc": stepper(lambda vsc=vsc, batch=batch: vsc(batch.x), vsc),
            "vsc, consistency 3": stepper(lambda c=consistent, batch=batch: c(batch.x, batch.y, 3.0), consistent),
        }
        pairs = {
            "vae": lambda: zoo.vae(DIGITS, dim=50),
            "vsc": lambda: zoo.vsc(DIGITS, dim=60),
            "vsc, consistency 3": lambda: zoo.vsc(DIGITS, dim=60, consistency=3.0),
        }
        for name, make in pairs.items():
            competitors = {"hand-written torch": hand[name], "pellucid, eager": ours(make(), batch)}
            if name == "vae":  # stock objectives also evaluate the density of a relaxed draw, an integral per number
                competitors["pyro TraceMeanField_ELBO"] = stock(make(), batch)
            times = interleaved(competitors)
            print(table(f"{name}, batch {rows}", times, "hand-written torch"), flush=True)


def loops(epochs: int = 2, rounds: int = 11) -> None:
    """``fit`` against the same steps in a bare loop: per epoch, validation and checkpoint left to ``fit`` aside."""
    times: dict[str, list[float]] = {"bare loop": [], "fit": []}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(rounds):
            torch.manual_seed(0)
            pair = zoo.vsc(DIGITS)
            batches = Batches(DIGITS.train, 128, shuffle=True, drop_last=True)
            optimiser = torch.optim.Adam(pair.parameters(), lr=1e-3, fused=True)
            began = time.perf_counter()
            with pyro.settings.context(**UNCHECKED):
                for epoch in range(epochs):
                    for step, batch in enumerate(batches.epoch(epoch)):
                        advance(pair, (epoch + step / len(batches)) / epochs)
                        optimiser.zero_grad(set_to_none=True)
                        pair(*batch).loss.backward()
                        optimiser.step()
            times["bare loop"].append(1000 * (time.perf_counter() - began) / epochs / len(batches))
            torch.manual_seed(0)
            run = fit(zoo.vsc(DIGITS), DIGITS, epochs=epochs, folder=Path(folder) / str(turn), progress=False)
            seconds = sum(row["seconds"] for row in run.history)
            times["fit"].append(1000 * seconds / epochs / len(batches))
    print(table("a step of zoo.vsc in the loop, batch 128", times, "bare loop"), flush=True)


def imports(rounds: int = 7) -> None:
    """``import pellucid`` against ``import pyro``, each in a fresh process."""

    def run(name: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {name}"], check=True, cwd=tempfile.gettempdir())
        return 1000 * (time.perf_counter() - began)

    times: dict[str, list[float]] = {"import pyro": [], "import pellucid": []}
    for _ in range(rounds):
        for name, values in times.items():
            values.append(run(name.split()[1]))
    print(table("imports, whole process", times, "import pyro"), flush=True)


if __name__ == "__main__":
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or platform.machine()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {device}")
    steps()
    loops()
    imports()
