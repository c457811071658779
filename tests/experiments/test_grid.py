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
from pellucid.experiments.grid import select, tasks
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


def configs(experiment: str, preset: str) -> dict[str, Any]:
    """Variant -> configuration of its first cell."""
    made = {cell.variant: cell.config for cell in reversed(read_preset(experiment, preset).cells)}
    return dict(reversed(made.items()))


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
    assert not list(empty_folder.rglob("RESULTS.md"))  # a plain preset is not measured

    job = make_job(configs("class_vsc", "tiny.yaml")["consistent"])
    unbroken = pellucid.fit(job.pair, job.data, folder="unbroken", progress=False, **job.settings).pair.state_dict()
    resumed = pellucid.load(cells()["consistent"]).pair.state_dict()
    assert all(torch.equal(w, resumed[n]) for n, w in unbroken.items())


def test_a_changed_cell_is_a_new_run_and_the_others_stay(empty_folder):
    (empty_folder / "signalling.py").write_text(SIGNALLING)
    for preset in (TINY, {**TINY, "cells": {**TINY["cells"], "plain": {"fit": {"seed": 1}}}}):
        write(preset)
        for task in tasks(read_preset("class_vsc", "tiny.yaml"), Path("runs"), None):
            assert task.run() == 0
    names = sorted(path.name.partition("-")[0] for path in Path("runs").iterdir())
    assert names == ["consistent", "plain", "plain"]
    assert {pellucid.load(path).config["fit"]["seed"] for path in Path("runs").glob("plain-*")} == {0, 1}


def test_a_failing_cell_lets_the_next_one_run_and_the_exit_code_is_2(empty_folder, capsys):
    write({**TINY, "report": None, "cells": {"faulty": {"pair": {"init_args": {"depth": 3}}}, "plain": None}})
    (empty_folder / "signalling.py").write_text(SIGNALLING)
    assert main(["experiment", "class_vsc", "--preset", "tiny.yaml", "--quiet"]) == 2
    assert set(cells()) == {"plain"}
    error = capsys.readouterr().err
    assert "error: 1 of 2 cells failed:\n- digits/faulty/0: " in error
    assert "depth" in error
    assert "Traceback" not in error


def test_every_preset_of_the_library_names_things_that_exist_and_cells_that_differ():
    assert experiments() == ["ccvae", "class_vsc", "exon", "influential_factors"]
    for experiment in experiments():
        for name in presets(experiment):
            preset = read_preset(experiment, name)
            assert preset.title
            assert set(preset.report or ()) <= set(preset.cells)
            paths = [preset.path(cell) for cell in preset.cells]
            assert len(set(paths)) == len(paths)
            assert len({yaml.safe_dump(cell.config) for cell in preset.cells}) == len(paths)


def test_the_demo_is_two_plain_cells_and_a_report():
    demo = read_preset("class_vsc", "demo")
    assert not demo.is_grid
    assert [str(demo.path(cell)).partition("-")[0] for cell in demo.cells] == ["plain", "consistent"]
    assert demo.report == (demo.cells[1], demo.cells[0])


def test_the_cells_of_the_demo_are_sparse_coding_with_and_without_class_information():
    built = {variant: make_job(config) for variant, config in configs("class_vsc", "demo").items()}
    assert [f.name for f in built["consistent"].pair.factors] == ["consistency"]
    assert built["plain"].pair.factors == []
    assert built["plain"].settings == built["consistent"].settings


def test_cells_take_what_the_base_says_but_for_what_is_theirs(empty_folder):
    write(TINY)
    made = configs("class_vsc", "tiny.yaml")
    assert made["plain"] == TINY["base"]
    assert made["consistent"]["pair"] == {"class_path": "signalling.vsc", "init_args": {"consistency": 3.0}}
    assert made["consistent"]["fit"] == TINY["base"]["fit"]


@pytest.mark.parametrize("text", ["3:7", ":", "-4:", "::2", "1::2", "7:3:-1", "2", "-1"])
def test_cells_are_selected_as_a_list_is_sliced(text):
    expected = eval(f"list(range(10))[{text}]")
    assert list(select(text, 10)) == (expected if ":" in text else [expected])


@pytest.mark.parametrize("text", ["", "a:b", "1:2:3:4", "10", "-11", "5:5", "::0", "1.5"])
def test_a_selection_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"--cells: expected START:STOP .* given '"):
        select(text, 10)
