"""``python -m benchmarks.factor``: time and memory of the consistency factor against batch and dimension.

Milliseconds forward and backward, medians over interleaved rounds; peak memory of one such call over the process
before it, each in a process of its own (Linux). A dash stands for what would take more than about 4 GB.
"""

import multiprocessing
import platform
import statistics
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.memory import added
from benchmarks.timing import interleaved
from pellucid.distributions import entropy
from pellucid.inference import class_consistency
from pellucid.inference.all_sample import all_sample_consistency

BATCHES, DIMS, CLASSES = (128, 512, 2048), (60, 512, 4096), 10
LIMIT = 4 * 2**30


def at_once(gate: Tensor, first: Tensor, second: Tensor, kept: Tensor) -> Tensor:
    """Mean divergence of the kept pairs by autograd, every pair in memory; entropies of single rows once a row."""
    alone = entropy(gate).sum(1)
    together = entropy((gate.index_select(0, first) + gate.index_select(0, second)) / 2).sum(1)
    return ((together - (alone[first] + alone[second]) / 2) * kept).sum() / kept.sum()


def dense(gate: Tensor, labels: Tensor) -> Tensor:
    """Every two rows, the pairs of one class kept by a mask."""
    j, k = torch.triu_indices(len(gate), len(gate), 1)
    return at_once(gate, j, k, (labels[j] == labels[k]).to(gate.dtype))


def listed(gate: Tensor, labels: Tensor) -> Tensor:
    """The pairs of one class."""
    j, k = (labels[:, None] == labels).triu(1).nonzero(as_tuple=True)
    return at_once(gate, j, k, gate.new_ones(len(j)))


FORMS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "every two rows, masked": dense,
    "pairs of a class, at once": listed,
    "class_consistency": class_consistency,
    "class_consistency, pairs=1000": lambda gate, labels: class_consistency(gate, labels, pairs=1000),
    "all_sample_consistency": all_sample_consistency,
}


def fits(form: str, batch: int, dim: int) -> bool:
    """Whether a form that holds its pairs, in about a dozen tensors, stays below the limit."""
    pairs = {"every two rows, masked": batch**2 / 2, "pairs of a class, at once": batch**2 / 2 / CLASSES}
    return 12 * 4 * dim * pairs.get(form, 0) < LIMIT


def call(form: str, batch: int, dim: int) -> Callable[[], None]:
    """One forward and backward pass on gates of which about a quarter are on."""
    torch.manual_seed(0)
    gate = (3 * torch.randn(batch, dim) - 2).sigmoid().requires_grad_()
    labels = torch.randint(0, CLASSES, (batch,))

    def run() -> None:
        gate.grad = None
        FORMS[form](gate, labels).backward()

    return run


def peak(form: str, batch: int, dim: int, threads: int) -> float:
    """Megabytes that one call adds to a process that has made a small one."""
    torch.set_num_threads(threads)
    call(form, 20, 4)()
    run = call(form, batch, dim)
    return added(run)


def main() -> None:
    """The table."""
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {platform.processor() or platform.machine()}")
    print(f"{'batch':>6s} {'D':>5s}  {'form':32s} {'ms':>9s} {'MB':>7s}")
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as fresh:
        for batch in BATCHES:
            for dim in DIMS:
                forms = [form for form in FORMS if fits(form, batch, dim)]
                small = batch * dim < 50_000
                times = interleaved(
                    {form: call(form, batch, dim) for form in forms}, rounds=9 if small else 3, calls=5 if small else 1
                )
                for form in FORMS:
                    cells = f"{'-':>9s} {'-':>7s}"
                    if form in forms:
                        memory = fresh.apply(peak, (form, batch, dim, torch.get_num_threads()))
                        cells = f"{statistics.median(times[form]):9.2f} {memory:7.0f}"
                    print(f"{batch:6d} {dim:5d}  {form:32s} {cells}", flush=True)


if __name__ == "__main__":
    main()
