"""Two processes with half a batch each are given, in the mean, the gradients of one process with all of it."""

# pyright: reportArgumentType=false

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pyro
import pytest
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from pellucid import zoo
from pellucid.distributions import SpikeAndSlab
from pellucid.inference import AllSampleConsistency, ClassConsistency, across
from pellucid.inference.pyro_checks import UNCHECKED

PROCESSES = 2


class Tiny:
    shape = (1, 3, 3)
    n_data = 40
    classes = ("a", "b", "c")
    attributes = False


class Factors(nn.Module):
    """The weighted factors of a pair, which its draws play no part in."""

    def __init__(self, make):
        super().__init__()
        torch.manual_seed(0)
        self.pair = make()

    def forward(self, x, y, labelled):
        with pyro.settings.context(**UNCHECKED):
            return sum(self.pair(x, y, labelled).factors.values())


class Drawn(nn.Module):
    """Consistency over pairs drawn at random: no other draw comes first."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.gate, self.factor = nn.Linear(9, 4), ClassConsistency(pairs=5)

    def forward(self, x, y, labelled):
        gate = self.gate(x.flatten(1)).sigmoid()
        return self.factor({"z": SpikeAndSlab(gate, torch.zeros_like(gate), torch.ones_like(gate))}, y, labelled)


def sparse(*factors, **options):
    return zoo.vsc(Tiny, dim=4, hidden=(6,), factors=factors, **options)


PAIRS = {
    "consistency": partial(sparse, consistency=3.0),
    "consistency, classes alike": partial(sparse, ClassConsistency(3.0, average="classes")),
    "squared": partial(sparse, ClassConsistency(3.0, divergence="squared")),
    "all samples": partial(sparse, AllSampleConsistency(3.0)),
    "separation": partial(sparse, separation=3.0),
    "pseudo-inputs": partial(sparse, prior="pseudo-inputs", pseudo_inputs=3, consistency=3.0),
    "class spikes": partial(zoo.class_vsc, Tiny, dim=4, hidden=(6,), separation=3.0, factors=[ClassConsistency(3.0)]),
}


def batch():
    """Twelve rows, three labelled in the first half and five in the second."""
    x = torch.rand(12, *Tiny.shape, generator=torch.Generator().manual_seed(1))
    labelled = torch.tensor([1, 0, 1, 0, 0, 1] + [1, 1, 0, 1, 1, 1]).bool()
    return x, torch.tensor([0, 1, 1, 2, 0, 0] + [0, 1, 2, 1, 0, 2]), labelled


def shard(rank):
    return tuple(part.chunk(PROCESSES)[rank] for part in batch())


def gradients(module, rows, seed=2):
    """Value and gradient by the parameter's name; 0 where there is none."""
    torch.manual_seed(seed)
    value = module(*rows)
    value.backward()
    named = {name.removeprefix("module.").removeprefix("_orig_mod."): p for name, p in module.named_parameters()}
    return value.detach(), {n: torch.zeros_like(p) if p.grad is None else p.grad for n, p in named.items()}


def process(rank, folder):
    """What one of the processes finds."""
    distributed.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=PROCESSES)
    parallel = partial(DistributedDataParallel, find_unused_parameters=True)
    mine, found = shard(rank), {}
    for name, make in PAIRS.items():
        found[name] = gradients(parallel(Factors(make)), mine)
    captured = torch.export.export(Factors(PAIRS["class spikes"]), mine, strict=False).module()
    found["class spikes, captured"] = gradients(parallel(captured), mine)
    found["compiled"] = gradients(parallel(torch.compile(Drawn(), backend="aot_eager", fullgraph=True)), mine)
    for name, seed in (("one seed", 2), ("a seed each", 2 + rank)):
        found[name] = gradients(parallel(Drawn()), mine, seed)
    found["unlabelled"] = Factors(PAIRS["consistency"])(mine[0], None, None).detach()
    joined = [across(part) for part in (*mine, mine[1].double().requires_grad_(), mine[2][:, None].expand(-1, 2))]
    found["joined"] = [part.detach() for part in joined]
    if rank == 0:  # the other is elsewhere: nothing may wait for it
        found["evaluation"] = gradients(Factors(PAIRS["consistency"]).eval(), mine)
    torch.save(found, f"{folder}/{rank}")
    distributed.destroy_process_group()


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What each process found."""
    folder = tmp_path_factory.mktemp("processes")
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen([sys.executable, __file__, str(rank), str(folder)], env=environment, stderr=subprocess.PIPE)
        for rank in range(PROCESSES)
    ]
    try:
        errors = [process.communicate(timeout=100)[1].decode() for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0] * PROCESSES, "\n".join(errors)
    return [torch.load(Path(folder) / str(rank)) for rank in range(PROCESSES)]


def same(a, b):
    torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", [*PAIRS, "class spikes, captured"])
def test_averaged_values_and_gradients_are_those_of_one_process_with_the_joined_batch(found, name):
    value, gradient = gradients(Factors(PAIRS[name.removesuffix(", captured")]), batch())
    assert any(g.any() for g in gradient.values())
    for of_rank in found:
        same(of_rank[name][1], gradient)
    # The mean: a factor that is a mean over rows is left to each process.
    same(sum(of_rank[name][0] for of_rank in found) / PROCESSES, value)


def test_a_batch_seen_by_halves_would_have_other_gradients():
    halves = [gradients(Factors(PAIRS["consistency"]), shard(rank))[1] for rank in range(PROCESSES)]
    whole = gradients(Factors(PAIRS["consistency"]), batch())[1]
    gates = [name for name in whole if "gate" in name]
    assert gates
    for name in gates:
        assert (sum(half[name] for half in halves) / PROCESSES - whole[name]).norm() > 0.1 * whole[name].norm()


def test_pairs_drawn_alike_are_those_of_one_process_and_drawn_apart_all_of_them_count(found):
    first, second = (gradients(Drawn(), batch(), seed) for seed in (2, 3))
    assert first[0] != second[0]
    for rank, own in enumerate((first, second)):
        same(found[rank]["one seed"], first)
        same(found[rank]["compiled"], first)
        value, gradient = found[rank]["a seed each"]
        same(value, own[0])
        same(gradient, {name: (first[1][name] + second[1][name]) / 2 for name in gradient})


def test_rows_are_joined_in_the_order_of_processes_whatever_they_hold(found):
    x, y, labelled = batch()
    for of_rank in found:
        expected = x, y, labelled, y.double(), labelled[:, None].expand(-1, 2)
        for ours, theirs in zip(of_rank["joined"], expected, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_in_evaluation_a_process_sees_its_own_rows_and_waits_for_none(found):
    same(found[0]["evaluation"], gradients(Factors(PAIRS["consistency"]).eval(), shard(0)))


def test_without_labels_nothing_is_joined_and_the_value_is_zero(found):
    assert [of_rank["unlabelled"] for of_rank in found] == [0, 0]


def test_one_process_keeps_its_tensor():
    x = torch.rand(3, 2)
    assert across(x) is x


if __name__ == "__main__":
    process(int(sys.argv[1]), sys.argv[2])
