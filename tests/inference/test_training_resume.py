"""A run killed, terminated or interrupted in mid-epoch and resumed by a new process, against an unbroken one."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from safetensors.torch import load_file

from tests.bit_equal import same
from tests.waiting import wait_for

# A factor of weight 0 that writes down the rows of every training step and, at one of them, waits for the world.
PROGRAM = """
import os, sys, time, traceback
from pathlib import Path
import lightning_fabric, torch  # imported once, for all the runs forked below
from pellucid import data, fit, zoo
from pellucid.data import Batch, DataSet
from pellucid.inference import ClassConsistency, Factor, Pair
from pellucid.schedules import Cosine, Ramp

class Witness(Factor):
    def __init__(self, folder, wait_at):
        super().__init__("witness", 0.0)
        self.folder, self.wait_at, self.step = Path(folder), wait_at, 0

    def forward(self, posterior, y, labelled):
        if self.training and len(y["row"]) == 50:
            self.step += 1
            with (self.folder / "rows.txt").open("a") as file:
                print(*y["row"].tolist(), file=file)
            if self.step == self.wait_at:
                (self.folder / "here").touch()
                while not (self.folder / "go").exists():
                    time.sleep(0.01)
        return 0.0 * posterior["z"].mean.sum()

def numbered(split):
    return Batch(split.x, {"y": split.y, "row": torch.arange(split.rows)})

def main(folder, mode, wait_at):
    digits = data.digits(rows=300)
    numbers = [numbered(split) for split in digits.splits.values()]
    digits = DataSet("digits", *numbers, digits.classes, digits.source)
    torch.manual_seed(5 if mode == "resume" else 4)  # what the weights are before they are resumed must not matter
    pair = zoo.vsc(digits, dim=3, hidden=(16,))
    factors = [ClassConsistency(Ramp(0, 3, end=0.5)), Witness(folder, wait_at)]
    pair = Pair(pair.model, pair.guide, factors, pair.objective)
    run = fit(pair, digits, epochs=5, batch_size=50, lr=Cosine(1e-2, 1e-4), clip=5.0, patience=2, seed=1,
        folder=Path(folder) / "run", resume=mode == "resume", progress=False)
    (Path(folder) / "stopped").write_text(str(run.stopped))

def fork(folder, mode, wait_at):
    if pid := os.fork():
        return pid
    (Path(folder) / "pid").write_text(str(os.getpid()))
    code = 1
    try:
        main(folder, mode, wait_at)
        code = 0
    except BaseException:
        (Path(folder) / "error").write_text(traceback.format_exc())
    os._exit(code)

folders = {}
for argument in sys.argv[2:]:
    folder, wait_at = argument.split(":")
    pid = fork(folder, sys.argv[1], int(wait_at))
    folders[pid] = folder
for _ in list(folders):
    pid, status = os.wait()
    (Path(folders[pid]) / "code").write_text(str(os.waitstatus_to_exitcode(status)))
"""
STEPS = 6  # an epoch: 300 rows in batches of 50


def start(program: Path, mode: str, runs: dict[Path, int]) -> subprocess.Popen:
    """A new interpreter that forks a run for each folder, to wait at the given step (0 for nowhere)."""
    program.write_text(PROGRAM)
    arguments = [sys.executable, str(program), mode, *(f"{folder}:{wait_at}" for folder, wait_at in runs.items())]
    return subprocess.Popen(arguments, env=os.environ | {"OMP_NUM_THREADS": "1"})


def state(folder: Path) -> dict:
    found = torch.load(folder / "run" / "checkpoint" / "state.pt", weights_only=True)
    for row in found["history"]:
        del row["seconds"]
    return found


def rows(folder: Path) -> list[str]:
    return (folder / "rows.txt").read_text().splitlines()


def metrics(folder: Path) -> list[dict[str, str]]:
    with (folder / "run" / "metrics.csv").open(newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


ENDINGS = {"killed": signal.SIGKILL, "terminated": signal.SIGTERM, "interrupted": signal.SIGINT}


class Break(NamedTuple):
    """What a broken run left."""

    code: int
    stopped: str
    state: dict
    rows: list[str]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folders of an unbroken run and of three that were broken at step 15, the third of epoch 3, and resumed."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("unbroken", *ENDINGS)}
    program = folders["unbroken"] / "program.py"
    breaks = {}
    with start(program, "fresh", {folders[n]: 2 * STEPS + 3 if n in ENDINGS else 0 for n in folders}) as process:
        for name in ENDINGS:
            wait_for(folders[name] / "here", process)
            os.kill(int((folders[name] / "pid").read_text()), ENDINGS[name])
            (folders[name] / "go").touch()
    for name in ENDINGS:
        folder = folders[name]
        assert not (folder / "error").exists(), (folder / "error").read_text()
        stopped = (folder / "stopped").read_text() if (folder / "stopped").exists() else ""
        breaks[name] = Break(int((folder / "code").read_text()), stopped, state(folder), rows(folder))
        (folder / "rows.txt").unlink()
    with start(program, "resume", {folders[name]: 0 for name in ENDINGS}):
        pass
    for folder in folders.values():
        assert not (folder / "error").exists(), (folder / "error").read_text()
        assert (folder / "stopped").read_text() == "0"
    return folders, breaks


def test_a_killed_run_keeps_the_checkpoint_of_its_last_whole_epoch(runs):
    left = runs[1]["killed"]
    assert left.code == -signal.SIGKILL
    assert (left.state["epoch"], left.state["step"], len(left.state["history"])) == (2, 0, 2)
    assert len(left.rows) == 2 * STEPS + 3


@pytest.mark.parametrize("name", ["terminated", "interrupted"])
def test_a_signal_ends_a_run_cleanly_after_the_step_it_arrives_in(runs, name):
    left = runs[1][name]
    assert (left.code, left.stopped) == (0, str(int(ENDINGS[name])))
    assert (left.state["epoch"], left.state["step"], len(left.state["history"])) == (2, 3, 2)
    assert len(left.rows) == 2 * STEPS + 3


@pytest.mark.parametrize("name", ENDINGS)
def test_a_resumed_run_ends_with_the_very_weights_of_an_unbroken_one(runs, name):
    folders, _ = runs
    for file in ("weights.safetensors", "best.safetensors"):
        there, here = (load_file(folders[n] / "run" / "checkpoint" / file) for n in ("unbroken", name))
        assert same(there, here)
    weights = load_file(folders["unbroken"] / "run" / "checkpoint" / "weights.safetensors")
    assert {"guide.guide.posterior.sharpness", "guide.factors.0.weight"} <= weights.keys()  # the schedules' buffers


@pytest.mark.parametrize("name", ENDINGS)
@pytest.mark.parametrize("part", ["optimiser", "random", "patience", "history", "meter", "epoch", "step"])
def test_a_resumed_run_ends_in_the_very_state_of_an_unbroken_one(runs, name, part):
    there, here = (state(runs[0][n]) for n in ("unbroken", name))
    assert same(there[part], here[part])


@pytest.mark.parametrize("name", ENDINGS)
def test_a_resumed_run_meets_the_rows_in_the_order_of_an_unbroken_one(runs, name):
    folders, breaks = runs
    unbroken, before, after = rows(folders["unbroken"]), breaks[name].rows, rows(folders[name])
    done = 2 * STEPS if name == "killed" else 2 * STEPS + 3
    assert unbroken == before[:done] + after
    assert len(set(unbroken)) == len(unbroken)  # or any order would do


@pytest.mark.parametrize("name", ENDINGS)
def test_a_resumed_run_leaves_the_metrics_file_of_an_unbroken_one(runs, name):
    assert metrics(runs[0][name]) == metrics(runs[0]["unbroken"])
    assert [row["epoch"] for row in metrics(runs[0]["unbroken"])] == list("12345")


def test_the_optimiser_had_a_state_to_compare(runs):
    state_of = state(runs[0]["unbroken"])["optimiser"]["state"]
    assert all(moment["exp_avg"].abs().sum() > 0 for key, moment in state_of.items() if key != 0)
    assert len(state_of) > 8
