"""An experiment: finished cells are skipped, a broken-off one goes on, a changed one is a new run."""

import importlib
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import pellucid
from pellucid.experiments.cli import main
from pellucid.experiments.configuration import make_job
from pellucid.experiments.grid import run_cell
from pellucid.experiments.preset import experiments, presets, read_preset

SIGNALLING = """
import signal
import torch
import pellucid
from pellucid.inference import Factor

steps = 0
stop_at = None


class Signal(Factor):
    def forward(self, posterior, y, labelled):
        global steps
        steps += torch.is_grad_enabled()
        if torch.is_grad_enabled() and steps == stop_at:
            signal.raise_signal(signal.SIGTERM)
        return posterior["z"].mean.sum() * 0


def vsc(data, *, consistency: float = 0.0) -> pellucid.Pair:
    pair = pellucid.zoo.vsc(data, dim=4, hidden=[8])
    return pellucid.Pair(pair.model, pair.guide, [Signal("signal"), pellucid.inference.ClassConsistency(consistency)])
"""

TINY = {
    "title": "A tiny one",
    "report": ["consistent", "plain"],
    "base": {
        "data": {"class_path": "pellucid.data.digits", "init_args": {"rows": 200, "validation": 50, "test": 50}},
        "pair": {"class_path": "signalling.vsc"},
        "fit": {"epochs": 2, "batch_size": 50},
    },
    "cells": {"plain": None, "consistent": {"pair": {"init_args": {"consistency": 3.0}}}},
}


def write(preset: dict, name: str = "tiny.yaml") -> None:
    Path(name).write_text(yaml.safe_dump(preset, sort_keys=False))


def cells(folder: str = "runs/class_vsc-tiny") -> dict[str, Path]:
    return {path.name.partition("-")[0]: path for path in sorted(Path(folder).iterdir())}


def moments(folder: Path) -> dict[str, int]:
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in folder.rglob("*")}


def test_an_experiment_trains_skips_goes_on_and_reports(empty_folder, capsys):
    (empty_folder / "signalling.py").write_text(SIGNALLING)
    signalling: Any = importlib.import_module("signalling")
    write(TINY)
    command = ["experiment", "class_vsc", "--preset", "tiny.yaml", "--quiet"]
    signalling.stop_at = 4 * 2 + 3  # the third step of the second cell's first epoch
    assert main(command) == 128 + signal.SIGTERM
    assert set(cells()) == {"plain", "consistent"}
    assert len(pellucid.load(cells()["plain"]).history) == 2
    assert len(pellucid.load(cells()["consistent"]).history) == 0
    assert not list(empty_folder.rglob("report.html"))

    plain = moments(cells()["plain"])
    assert main(command) == 0
    assert signalling.steps == 4 * 2 * 2  # no step was taken twice
    assert moments(cells()["plain"]) == plain
    page = cells()["consistent"] / "report.html"
    assert capsys.readouterr().out.endswith(f"A tiny one\nreport: {page}\n")
    assert page.exists()
    assert not (cells()["plain"] / "report.html").exists()

    job = make_job(read_preset("class_vsc", "tiny.yaml")["cells"]["consistent"])
    unbroken = pellucid.fit(job.pair, job.data, folder="unbroken", progress=False, **job.settings).pair.state_dict()
    resumed = pellucid.load(cells()["consistent"]).pair.state_dict()
    assert all(torch.equal(w, resumed[n]) for n, w in unbroken.items())


def test_a_changed_cell_is_a_new_run_and_the_others_stay(empty_folder):
    (empty_folder / "signalling.py").write_text(SIGNALLING)
    write(TINY)
    for preset in (TINY, {**TINY, "cells": {**TINY["cells"], "plain": {"fit": {"seed": 1}}}}):
        write(preset)
        for name, config in read_preset("class_vsc", "tiny.yaml")["cells"].items():
            run_cell(name, config, Path("runs"), progress=False)
    names = sorted(path.name.partition("-")[0] for path in Path("runs").iterdir())
    assert names == ["consistent", "plain", "plain"]
    assert {pellucid.load(path).config["fit"]["seed"] for path in Path("runs").glob("plain-*")} == {0, 1}


def test_every_preset_of_the_library_names_things_that_exist_and_cells_that_differ():
    assert experiments() == ["class_vsc"]
    for experiment in experiments():
        for name in presets(experiment):
            preset = read_preset(experiment, name)
            assert preset["title"]
            assert set(preset["report"]) <= preset["cells"].keys()
            configs = [yaml.safe_dump(config) for config in preset["cells"].values()]
            assert len(set(configs)) == len(configs)


@pytest.mark.parametrize("name", ["demo"])
def test_the_cells_of_class_vsc_are_sparse_coding_with_and_without_class_information(name):
    built = {cell: make_job(config) for cell, config in read_preset("class_vsc", name)["cells"].items()}
    assert [f.name for f in built["consistent"].pair.factors] == ["consistency"]
    assert built["plain"].pair.factors == []
    assert built["plain"].settings == built["consistent"].settings


def test_cells_take_what_the_base_says_but_for_what_is_theirs(empty_folder):
    write(TINY)
    made = read_preset("class_vsc", "tiny.yaml")["cells"]
    assert made["plain"] == TINY["base"]
    assert made["consistent"]["pair"] == {"class_path": "signalling.vsc", "init_args": {"consistency": 3.0}}
    assert made["consistent"]["fit"] == TINY["base"]["fit"]
