"""Devices, nodes and strategy: what is refused before anything is started, and a script started twice by Fabric."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from pellucid import data, fit, zoo
from pellucid.experiments.cli import main

SETTINGS = {"accelerator": "cpu", "progress": False}


@pytest.fixture(scope="module")
def digits():
    return data.digits(rows=100)


def refused(digits, tmp_path, **settings) -> str:
    """The message of the ValueError that the settings meet, nothing having been written or started."""
    with pytest.raises(ValueError, match=r"expected|torchrun|devices") as caught:
        fit(zoo.vae(digits, dim=2, hidden=(4,)), digits, folder=tmp_path / "run", **(SETTINGS | settings))
    assert list(tmp_path.iterdir()) == []
    assert not torch.distributed.is_initialized()
    return str(caught.value)


@pytest.mark.parametrize("strategy", ["fsdp", "deepspeed", "ddp_spawn", "ddp_notebook", "dpp", ""])
def test_a_strategy_that_needs_other_code_is_refused(digits, tmp_path, strategy):
    message = refused(digits, tmp_path, devices=2, strategy=strategy)
    assert message.startswith(
        f"strategy: expected one of 'auto', 'ddp', 'ddp_find_unused_parameters_true'; given {strategy!r}"
    )


@pytest.mark.parametrize(
    ("devices", "batch_size", "near"), [(2, 31, ["30", "32"]), (3, 100, ["99"]), (4, 2, ["4"]), (3, 98, ["96", "99"])]
)
def test_a_batch_that_cannot_be_shared_evenly_is_refused_with_the_nearest_sizes(
    digits, tmp_path, monkeypatch, devices, batch_size, near
):
    monkeypatch.setattr(sys, "argv", [__file__])  # a script, which pytest's own workers are not
    message = refused(digits, tmp_path, devices=devices, batch_size=batch_size)
    assert message.startswith(f"batch_size: expected a multiple of {devices}")
    assert message.partition("Try one of:\n")[2].splitlines() == [f"- batch_size={size}" for size in near]


def test_labelled_rows_that_cannot_be_shared_evenly_are_refused_too(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", [__file__])
    message = refused(digits, tmp_path, devices=2, batch_size=10, labelled_rows=9)
    assert message.startswith("labelled_rows: expected a multiple of 2")
    assert message.partition("Try one of:\n")[2].splitlines() == ["- labelled_rows=8"]


@pytest.mark.parametrize("given", [{"devices": 0}, {"devices": -1}, {"devices": "2"}, {"nodes": 0}])
def test_devices_and_nodes_are_counted_from_one(digits, tmp_path, given):
    ((name, value),) = given.items()
    assert refused(digits, tmp_path, **given).startswith(f"{name}: expected a number at least 1")
    assert str(value) in refused(digits, tmp_path, **given)


def test_an_interactive_session_is_told_to_use_a_script(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    message = refused(digits, tmp_path, devices=2, batch_size=32)
    assert "interactive session or a notebook" in message
    assert "python my_script.py" in message


@pytest.mark.parametrize("devices", [1, 3])
def test_as_many_devices_are_expected_as_torchrun_has_started_processes(digits, tmp_path, monkeypatch, devices):
    world = {"RANK": "0", "LOCAL_RANK": "0", "GROUP_RANK": "0", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    for name, value in (world | {"TORCHELASTIC_RUN_ID": "x", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}).items():
        monkeypatch.setenv(name, value)
    message = refused(digits, tmp_path, devices=devices, batch_size=30)
    assert f"torchrun started 2 processes; devices={devices} on nodes=1 are {devices}" in message
    assert "- devices=2" in message


def test_the_other_processes_of_torchrun_leave_an_error_to_the_first(monkeypatch, capsys):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    for rank, told in (("0", 1), ("1", 0)):
        monkeypatch.setenv("RANK", rank)
        assert main(["fit", "--pair", "vsc"]) == 2
        assert capsys.readouterr().err.count("error: --data: missing") == told


@pytest.mark.parametrize("given", [{"devices": "auto"}, {"devices": "auto", "strategy": "ddp"}, {"strategy": "ddp"}])
def test_a_single_device_trains_in_this_process_without_a_group_whatever_the_strategy(digits, tmp_path, given):
    shared = SETTINGS | {"epochs": 1, "batch_size": 50}
    torch.manual_seed(0)
    run = fit(zoo.vae(digits, dim=2, hidden=(4,)), digits, folder=tmp_path / "run", **shared, **given)
    assert not torch.distributed.is_initialized()
    torch.manual_seed(0)
    plain = fit(
        zoo.vae(digits, dim=2, hidden=(4,)), digits, epochs=1, folder=tmp_path / "plain", batch_size=50, **SETTINGS
    )
    there, here = plain.pair.state_dict(), run.pair.state_dict()
    assert all(torch.equal(there[name], here[name]) for name in there)


# A pair whose second process, when it is trained, leaves its number and lives on until it is killed.
PARTS = """
import os, time
from pathlib import Path
import torch
from pellucid import zoo
from pellucid.inference import Factor, Pair

class Waits(Factor):
    def __init__(self):
        super().__init__("waits", 0.0)

    def forward(self, posterior, y, labelled):
        if torch.distributed.is_initialized() and torch.distributed.get_rank() == 1 and not Path("go").exists():
            Path("second.new").write_text(str(os.getpid()))
            Path("second.new").rename("second")
            while not Path("go").exists():
                time.sleep(0.01)
        return 0.0 * posterior["z"].mean.sum()

def pair(data, dim: int = 2) -> Pair:
    made = zoo.vae(data, dim=dim, hidden=(4,))
    return Pair(made.model, made.guide, [Waits()])
"""
COMMAND = "fit --pair parts.pair --data digits --data.rows 100 --epochs 2 --batch_size 50 --compile false"
COMMAND += " --accelerator cpu --devices 2 --strategy ddp --folder run --quiet"


def command(folder: Path, words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "pellucid.experiments.cli", *words.split()],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def until(true) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_of_a_command_on_two_devices_each_process_survives_the_other_only_to_say_so(tmp_path):
    folders = {killed: tmp_path / killed for killed in ("first", "second")}
    started = {}
    for killed, folder in folders.items():
        folder.mkdir()
        (folder / "parts.py").write_text(PARTS)
        started[killed] = command(folder, COMMAND)
    for killed, folder in folders.items():
        until((folder / "second").exists)
        second = int((folder / "second").read_text())
        os.kill(started[killed].pid if killed == "first" else second, signal.SIGKILL)
        (folder / "go").touch()
        out, err = started[killed].communicate(timeout=120)  # the second process holds the same pipes: it is over too
        until(lambda pid=second: not alive(pid))
        assert started[killed].returncode == (-signal.SIGKILL if killed == "first" else 2)
        assert out == ""
        assert err.strip().splitlines() == [
            f"error: process {int(killed == 'first')}: another process of the run died; the checkpoint in run is "
            "whole: go on with pellucid fit --resume run"
        ]
