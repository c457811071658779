"""Compiled training: the eager run to rounding, repeated exactly, resumed exactly by a new process."""

# A module's attributes may be anything, as far as a checker can tell.
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportIndexIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false

import re
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file

from pellucid import data, fit, zoo
from pellucid.schedules import Ramp

SETTINGS = {"epochs": 3, "batch_size": 50, "progress": False}


@pytest.fixture(scope="module")
def digits():
    return data.digits(rows=300, labels=0.5)


def trained(digits, folder, make=zoo.vsc, **changes):
    torch.manual_seed(0)
    options = {"consistency": Ramp(0, 3)} if make is zoo.vsc else {}
    return fit(make(digits, dim=4, hidden=(16,), **options), digits, folder=folder, **SETTINGS | changes)


def weights(folder):
    return load_file(folder / "checkpoint" / "weights.safetensors")


def test_a_compiled_run_is_the_eager_one_to_rounding_and_repeats_itself_exactly(digits, tmp_path):
    eager = trained(digits, tmp_path / "eager", compile=False)
    once, again = (trained(digits, tmp_path / name, compile=True) for name in ("once", "again"))
    for mine, its in zip(eager.history, once.history, strict=True):
        for name in mine.keys() - {"seconds"}:
            assert its[name] == pytest.approx(mine[name], rel=1e-3, abs=1e-3), name
    assert [{**row, "seconds": 0} for row in once.history] == [{**row, "seconds": 0} for row in again.history]
    first, second = weights(once.folder), weights(again.folder)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert "compile: true" in (once.folder / "config.yaml").read_text()


def command(folder, *words):
    return [sys.executable, "-c", "from pellucid.experiments.cli import main; raise SystemExit(main())", "fit", *words]


def start(folder, epochs):
    words = "--pair vsc --pair.dim 4 --pair.hidden [16] --pair.consistency 2 --data digits --data.rows 300 "
    words += f"--batch_size 50 --compile true --epochs {epochs} --folder {folder}"
    return subprocess.Popen(command(folder, *words.split()), stderr=subprocess.PIPE, text=True)


def test_a_compiled_run_stopped_in_mid_epoch_is_resumed_bit_for_bit_by_a_new_process(tmp_path):
    whole = start(tmp_path / "whole", 60)
    _, said = whole.communicate()
    assert whole.returncode == 0, said
    assert re.search(r"Compiled in [\d.]+ s", said)
    broken = start(tmp_path / "broken", 60)
    metrics = tmp_path / "broken" / "metrics.csv"
    while not (metrics.exists() and metrics.read_text().count("\n") > 10):
        assert broken.poll() is None, broken.communicate()
        time.sleep(0.05)
    broken.send_signal(signal.SIGTERM)
    broken.communicate()
    assert broken.returncode == 128 + signal.SIGTERM
    resumed = subprocess.run(command(tmp_path, "--resume", str(tmp_path / "broken")), capture_output=True, text=True)
    assert resumed.returncode == 0, resumed.stderr
    assert "Compiled in" in resumed.stderr
    first, second = weights(tmp_path / "whole"), weights(tmp_path / "broken")
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_compiled_run_in_bfloat16_ends_near_the_bound_of_an_eager_one_in_float32(digits, tmp_path):
    exact = trained(digits, tmp_path / "exact", make=zoo.vae, epochs=8)
    mixed = trained(digits, tmp_path / "mixed", make=zoo.vae, epochs=8, precision="bf16-mixed", compile=True)
    bounds = [run.history[-1]["validation/bound"] for run in (exact, mixed)]
    assert bounds[1] == pytest.approx(bounds[0], rel=0.02)
    assert bounds[1] != bounds[0]
