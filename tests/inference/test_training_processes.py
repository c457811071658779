"""Two processes that train one run: the weights and figures of one process, one writer, one end for both."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.bit_equal import same
from tests.waiting import wait_for

# Runs named on the command line, each by as many forks of this interpreter as it has processes, in the environment that
# torchrun gives. A factor writes down the rows of every step and, at one of them, waits for the world or fails.
PROGRAM = '''
import contextlib, functools, io, json, os, sys, time, traceback
from pathlib import Path
import lightning_fabric, pyro, pyro.distributions as dist, torch
from pyro.nn import PyroModule
from torch import nn
from pellucid import data, fit, load, zoo
from pellucid.data import Batch, Batches, DataSet
from pellucid.experiments import cli
from pellucid.inference import Factor, Pair
from pellucid.inference.training.processes import Processes
from pellucid.inference.training.validate import validate

DIGITS = data.digits(rows=300)

class Witness(Factor):
    def __init__(self, folder, rank, wait_at=0, nan_at=0, fail_at=0):
        super().__init__("witness", 0.0 if not nan_at else 1.0)
        self.folder, self.rank, self.wait_at, self.nan_at, self.fail_at = folder, rank, wait_at, nan_at, fail_at
        self.step = 0

    def forward(self, posterior, y, labelled):
        if self.training and "row" in y and self.folder.exists() and torch.is_grad_enabled():
            self.step += 1
            with (self.folder / f"rows{self.rank}").open("a") as file:
                print(*y["row"].tolist(), file=file)
            if self.step == self.wait_at:
                (self.folder / f"here{self.rank}").touch()
                while not (self.folder / "go").exists():
                    time.sleep(0.01)
            if self.step == self.fail_at:
                raise OSError("the disk of this process is full")
        zero = 0.0 * posterior["z"].mean.sum()
        return zero / 0.0 if self.step == self.nan_at != 0 else zero

class Point(PyroModule):
    """A posterior without noise to speak of."""

    def __init__(self, rows):
        super().__init__()
        self.rows, self.net, self.spare = rows, nn.Linear(64, 3), None

    def forward(self, x, y=None, labelled=None):
        with pyro.plate("data", self.rows, subsample=x):
            pyro.sample("z", dist.Normal(self.net(x.flatten(1)), 1e-6).to_event(1))

def numbered(split):
    return Batch(split.x, {"y": split.y, "row": torch.arange(split.rows)}, split.labelled)

def main(folder, rank, kind="vsc", world=2, wait=None, nan=None, fail=None, resume=False, batch=10, **settings):
    digits = DataSet("digits", *map(numbered, DIGITS.splits.values()), DIGITS.classes, DIGITS.source)
    torch.manual_seed(5 if resume else 4)
    made = zoo.vsc(digits, dim=3, hidden=(16,)) if kind == "vsc" else zoo.vae(digits, dim=3, hidden=(16,))
    guide = Point(digits.n_data) if kind in ("point", "spare") else made.guide
    if kind == "spare":
        guide.spare = nn.Linear(2, 2)
    at = lambda place: place[1] if place and place[0] == rank else 0
    witness = Witness(folder, rank, at(wait), at(nan), at(fail))
    pair = Pair(made.model, guide, [witness], made.objective)
    if kind == "point":
        settings["optimiser"] = functools.partial(torch.optim.SGD, lr=1e-2, momentum=0.9)
    written = []
    if rank:
        def hear(event, arguments):
            modes = {"open": lambda: any(c in str(arguments[1]) for c in "wax+"), "os.mkdir": lambda: True,
                "os.rename": lambda: True, "shutil.rmtree": lambda: True}
            if event in modes and modes[event]() and str(folder / "run") in str(arguments[0]):
                written.append([event, str(arguments[0])])
        sys.addaudithook(hear)
    devices = {"devices": world, "strategy": settings.pop("strategy", "ddp")} if world > 1 else {}
    settings = {"epochs": 3, "seed": 1, "progress": False} | settings
    name = folder / (settings.pop("name", "run"))
    run = fit(pair, digits, batch_size=batch, folder=name, resume=resume, accelerator="cpu", **devices, **settings)
    again = load(run.folder, pair=pair, data=digits)
    result = {"stopped": run.stopped, "epochs": len(again.history), "written": written,
        "noise": torch.rand(3).tolist(),
        "weights": float(sum(p.detach().double().abs().sum() for p in pair.parameters()))}
    if kind == "vsc" and world == 2 and not resume:
        for size in (50, 43, 300):  # an even number of batches, an odd one, and fewer than there are processes
            batches = Batches(digits.validation, size)
            result[f"shared{size}"] = validate(pair, batches, 0, Processes(rank, world))
            result[f"alone{size}"] = validate(pair, batches, 0)
    return result

def command(folder, words):
    """The command line, which leaves its folder's place to the run."""
    os.chdir(folder)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = cli.main(words.split())
    return {"code": code, "out": out.getvalue()}

def begin(folder, rank, port, options):
    world = options.get("world", 2)
    if world > 1:
        os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(world), LOCAL_WORLD_SIZE=str(world),
            GROUP_RANK="0", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), TORCHELASTIC_RUN_ID="test")
    (folder / f"pid{rank}").write_text(str(os.getpid()))
    try:
        words = options.pop("words", None)
        result = command(folder, words) if words else main(folder, rank, **options)
    except Exception as error:
        result = {"error": type(error).__name__, "message": str(error), "tells": getattr(error, "tells", None),
            "trace": traceback.format_exc()}
    (folder / f"result{rank}.new").write_text(json.dumps(result))
    (folder / f"result{rank}.new").rename(folder / f"result{rank}")

for folder, (port, options) in json.loads(sys.argv[1]).items():
    for rank in range(options.get("world", 2)):
        if not os.fork():
            sys.stderr = (Path(folder) / f"stderr{rank}").open("w")
            begin(Path(folder), rank, port, options)
            sys.stderr.flush()
            os._exit(0)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
'''
STEPS = 30  # an epoch: 300 rows, 10 a step


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def start(folders: Mapping[Path, Mapping[str, Any]]) -> subprocess.Popen:
    """An interpreter that forks the processes of a run for each folder."""
    given = {str(folder): (free_port(), options) for folder, options in folders.items()}
    program = next(iter(folders)) / "program.py"
    program.write_text(PROGRAM)
    return subprocess.Popen(
        [sys.executable, str(program), json.dumps(given)], env=os.environ | {"OMP_NUM_THREADS": "1"}
    )


def result(folder: Path, rank: int = 0) -> dict[str, Any]:
    return json.loads((folder / f"result{rank}").read_text())


def rows(folder: Path, rank: int) -> list[list[int]]:
    """The rows of this process, step by step; the first lines are those of the checks before training."""
    return [list(map(int, line.split())) for line in (folder / f"rows{rank}").read_text().splitlines()]


def state(folder: Path) -> dict[str, Any]:
    found = torch.load(folder / "run" / "checkpoint" / "state.pt", weights_only=True)
    for row in found["history"]:
        del row["seconds"]
    return found


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "run" / "checkpoint" / "weights.safetensors")


STOP = [1, STEPS + 13]  # process 1 alone is told, in the middle of epoch 2, between two words
RUNS: dict[str, dict[str, Any]] = {
    "one": {"kind": "point", "world": 1},
    "two": {"kind": "point"},
    "unbroken": {},
    "stopped": {"wait": STOP},
    "moved": {"wait": STOP},
    "killed": {"wait": STOP},
    "leaderless": {"wait": [0, STEPS + 13]},
    "diverged": {"nan": [1, STEPS + 13]},
    "failed": {"fail": [1, 5]},
    "used": {"name": "taken"},
    "spare": {"kind": "spare"},
    "command": {
        "words": "fit --pair class_vsc --data digits --data.rows 100 --data.labels 0.1 --pair.dim 3 --epochs 1 "
        "--batch_size 50 --devices 2 --strategy ddp --accelerator cpu"
    },
}
SIGNALS = {"stopped": (1, signal.SIGTERM), "moved": (1, signal.SIGTERM), "killed": (1, signal.SIGKILL)}
SIGNALS |= {"leaderless": (0, signal.SIGKILL)}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folders of all runs, and what the broken ones had left before they were resumed."""
    folders = {name: tmp_path_factory.mktemp(name) for name in RUNS}
    (folders["used"] / "taken").mkdir()
    (folders["used"] / "taken" / "thesis.tex").touch()
    left = {}
    with start({folders[name]: options for name, options in RUNS.items()}) as process:
        for name, (rank, number) in SIGNALS.items():
            wait_for(folders[name] / f"here{rank}", process)
            os.kill(int((folders[name] / f"pid{rank}").read_text()), number)
            (folders[name] / "go").touch()
    for name in SIGNALS:
        left[name] = {"state": state(folders[name])} | {
            rank: result(folders[name], rank) for rank in (0, 1) if (folders[name] / f"result{rank}").exists()
        }
        for path in (*folders[name].glob("rows*"), *folders[name].glob("result*")):
            path.unlink()
    more = {"moved": {"world": 1, "progress": True}, "stopped": {}, "killed": {}}
    with start({folders[name]: {"resume": True, **options} for name, options in more.items()}):
        pass
    return folders, left


def test_a_step_of_two_processes_takes_the_rows_of_that_step_of_one(runs):
    one, *two = rows(runs[0]["one"], 0), rows(runs[0]["two"], 0), rows(runs[0]["two"], 1)
    assert len(one) == len(two[0]) == len(two[1]) == 3 * STEPS
    assert [sorted(a + b) for a, b in zip(*two, strict=True)] == [sorted(step) for step in one]


def test_two_processes_come_to_the_weights_of_one(runs):
    one, two = weights(runs[0]["one"]), weights(runs[0]["two"])
    moved = max(float((one[name] - value).abs().max()) for name, value in two.items())
    assert moved < 1e-5
    assert float(one["guide.guide.net.weight"].abs().max()) > 0.01


def test_two_processes_leave_the_metrics_of_one(runs):
    one, two = (state(runs[0][name])["history"] for name in ("one", "two"))
    for here, there in zip(one, two, strict=True):
        assert here == pytest.approx(there, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("size", [50, 43, 300])
def test_validation_that_is_shared_out_gives_the_figures_of_one_process_to_both(runs, size):
    both = [result(runs[0]["unbroken"], rank) for rank in (0, 1)]
    assert both[0][f"shared{size}"] == both[1][f"shared{size}"] == pytest.approx(both[0][f"alone{size}"], rel=1e-6)
    assert {"bound", "open(z)", "between(z)", "witness"} <= both[0][f"shared{size}"].keys()


def test_both_processes_end_with_the_same_weights_and_noise_of_their_own(runs):
    first, second = (result(runs[0]["unbroken"], rank) for rank in (0, 1))
    assert first["weights"] == second["weights"]
    assert first["noise"] != second["noise"]


def test_the_first_process_alone_writes_into_the_folder_and_both_can_load_it_at_once(runs):
    both = [result(runs[0]["unbroken"], rank) for rank in (0, 1)]
    assert both[1]["written"] == []
    assert [each["epochs"] for each in both] == [3, 3]


def test_a_signal_to_one_process_stops_both_at_the_next_word_between_them(runs):
    left = runs[1]["stopped"]
    assert left[0]["stopped"] == left[1]["stopped"] == signal.SIGTERM
    assert (left["state"]["epoch"], left["state"]["step"]) == (1, 20)


def test_a_resumed_run_of_two_processes_ends_as_an_unbroken_one_bit_for_bit(runs):
    assert same(weights(runs[0]["stopped"]), weights(runs[0]["unbroken"]))
    assert same(state(runs[0]["stopped"]), state(runs[0]["unbroken"]))
    assert len(state(runs[0]["stopped"])["others"]) == 1


def test_a_run_of_two_processes_goes_on_with_one_and_says_so(runs):
    assert result(runs[0]["moved"])["epochs"] == 3
    assert state(runs[0]["moved"])["others"] == []
    told = (runs[0]["moved"] / "stderr0").read_text()
    assert "Processes: 1 in place of 2, so noise is drawn anew from here." in told
    rest = rows(runs[0]["moved"], 0)
    assert rest == rows(runs[0]["one"], 0)[STEPS + 20 :]
    bounds = [row["train/bound"] for name in ("moved", "unbroken") for row in state(runs[0][name])["history"][1:2]]
    assert bounds[0] == pytest.approx(bounds[1], rel=0.1)


@pytest.mark.parametrize(("name", "survivor"), [("killed", 0), ("leaderless", 1)])
def test_a_process_that_dies_ends_the_other_with_a_sentence_and_a_whole_checkpoint(runs, name, survivor):
    folder, left = runs[0][name], runs[1][name]
    assert set(left) == {"state", survivor}
    assert (left[survivor]["error"], left[survivor]["tells"]) == ("ProcessLost", True)
    assert f"pellucid fit --resume {folder / 'run'}" in left[survivor]["message"]
    assert "\n" not in left[survivor]["message"]
    assert (left["state"]["epoch"], left["state"]["step"]) == (1, 0)


def test_a_run_that_lost_a_process_is_resumed_to_the_weights_of_an_unbroken_one(runs):
    assert same(weights(runs[0]["killed"]), weights(runs[0]["unbroken"]))


def test_a_run_that_diverges_in_one_process_ends_in_both_with_the_step_at_which_it_did(runs):
    both = [result(runs[0]["diverged"], rank) for rank in (0, 1)]
    assert both[0]["error"] == both[1]["error"] == "Diverged"
    assert both[0]["message"] == both[1]["message"]
    assert both[0]["message"].startswith("epoch 2, step 13: not finite: witness.")
    assert state(runs[0]["diverged"])["epoch"] == 1


def test_a_process_that_fails_by_itself_says_why_and_the_other_that_it_is_gone(runs):
    first, second = (result(runs[0]["failed"], rank) for rank in (0, 1))
    assert (first["error"], first["tells"]) == (second["error"], second["tells"]) == ("ProcessLost", True)
    assert "OSError: the disk of this process is full" in second["message"]
    assert "another process" in first["message"]


def test_a_folder_in_use_is_an_error_of_both_and_stays_as_it_is(runs):
    both = [result(runs[0]["used"], rank) for rank in (0, 1)]
    assert [each["error"] for each in both] == ["FileExistsError"] * 2
    assert "already in use" in both[1]["message"]
    assert [path.name for path in (runs[0]["used"] / "taken").iterdir()] == ["thesis.tex"]


def test_parameters_that_no_step_uses_are_an_error_that_names_the_remedy(runs):
    message = result(runs[0]["spare"])["message"]
    assert "strategy='ddp_find_unused_parameters_true'" in message


def test_the_command_line_trains_on_two_devices_in_the_first_free_folder_and_says_so_once(runs):
    folder = runs[0]["command"]
    first, second = (result(folder, rank) for rank in (0, 1))
    assert (first["code"], second["code"], second["out"]) == (0, 0, "")
    assert first["out"].startswith("runs/class_vsc-digits-1: validation bound ")
    assert [path.name for path in (folder / "runs").iterdir()] == ["class_vsc-digits-1"]
    assert "epoch 1/1" in (folder / "stderr0").read_text()
    assert "epoch" not in (folder / "stderr1").read_text()
