"""A grid of real cells: several at once, killed in the middle, failing, measured, written down."""

import contextlib
import importlib
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import pellucid
from pellucid.experiments.cli import main
from pellucid.experiments.grid import tasks
from pellucid.experiments.jobs import run_in_workers
from pellucid.experiments.preset import read_preset

LAB = '''
import os
import signal
import time
import warnings
from pathlib import Path

import torch
import pellucid
from pellucid.inference import Factor

MEASURES = "1"
measured = []


class Event(Factor):
    """Lets something happen in the sixth training step, which is the second of the second epoch."""

    def __init__(self, event):
        super().__init__("event")
        self.event, self.steps = event, 0

    def forward(self, posterior, y, labelled):
        self.steps += torch.is_grad_enabled()
        if self.steps == 6 and torch.is_grad_enabled():
            if self.event == "warn":
                warnings.warn("Mind the gates.")
            if self.event == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.event == "wait" and Path("wait").exists():
                Path(f"here-{os.getpid()}").touch()
                while signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:  # as it is again once one has come
                    time.sleep(0.01)
        return posterior["z"].mean.sum() * (float("nan") if self.event == "diverge" and self.steps == 6 else 0.0)


def vsc(data, *, event: str = "") -> pellucid.Pair:
    pair = pellucid.zoo.vsc(data, dim=4, hidden=[8])
    return pellucid.Pair(pair.model, pair.guide, [Event(event)])


def measure(run):
    measured.append(run.folder)
    return {"bound": run.history[-1]["validation/bound"], "draw": torch.rand(()).item(),
            "threads": torch.get_num_threads(), "omp": os.environ.get("OMP_NUM_THREADS")}


def write_results(cells, folder, title):
    (folder / "picture.png").write_text(str(len(cells)))
    rows = [f"| {cell.set} | {cell.variant} | {cell.seed} | {m.figures['bound']:.2f} |" for cell, m in cells.items()]
    return "\\n".join([f"## {title}", "", f"![](figures/{folder.name}/picture.png)", "", *rows])
'''

GRID = {
    "title": "A small grid",
    "module": "lab",
    "seeds": [0, 1],
    "base": {
        "data": {"class_path": "pellucid.data.digits", "init_args": {"rows": 200, "validation": 50, "test": 50}},
        "pair": {"class_path": "lab.vsc"},
        "fit": {"epochs": 2, "batch_size": 50},
    },
    "cells": {"quick": None, "slow": {"pair": {"init_args": {"event": "wait"}}}},
}
COMMAND = ["experiment", "class_vsc", "--preset", "small.yaml"]


@pytest.fixture
def lab(empty_folder) -> Any:
    (empty_folder / "lab.py").write_text(LAB)
    write(GRID)
    return importlib.import_module("lab")


def write(preset: dict) -> None:
    Path("small.yaml").write_text(yaml.safe_dump(preset, sort_keys=False))


def grid(folder: str = "runs/class_vsc-small") -> dict[str, Any]:
    return {str(task.cell): task for task in tasks(read_preset("class_vsc", "small.yaml"), Path(folder), "lab")}


def moments(folder: Path) -> dict[str, int]:
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in folder.rglob("*")}


def weights(task: Any) -> dict[str, torch.Tensor]:
    return pellucid.load(task.folder).pair.state_dict()


@contextlib.contextmanager
def sigterm_when(count: int) -> Iterator[None]:
    """Gives this process a signal once so many cells stand in the middle of their training."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            if len(list(Path.cwd().glob("here-*"))) == count:
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
                return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_grid_killed_in_its_middle_goes_on_and_ends_as_one_that_ran_alone(lab, capsys):
    Path("wait").touch()
    threads = torch.get_num_threads()
    with sigterm_when(2):
        assert main([*COMMAND, "--jobs", "2"]) == 128 + signal.SIGTERM
    states = {name: task.state for name, task in grid().items()}
    assert states == {"digits/quick/0": "finished", "digits/slow/0": "begun", "digits/quick/1": "finished"} | {
        "digits/slow/1": "begun"
    }
    assert [len(pellucid.load(grid()[f"digits/slow/{seed}"].folder).history) for seed in (0, 1)] == [1, 1]
    assert not Path("runs/class_vsc-small/RESULTS.md").exists()

    Path("wait").unlink()
    before = {seed: moments(grid()[f"digits/quick/{seed}"].folder) for seed in (0, 1)}
    capsys.readouterr()
    assert main([*COMMAND, "--jobs", "1"]) == 0
    assert torch.get_num_threads() == threads
    told = capsys.readouterr().err
    assert re.fullmatch(
        r"3/4  digits/slow/0  \d+:\d\d  about \d+:\d\d left\n4/4  digits/slow/1  \d+:\d\d  done\n", told
    )
    assert {seed: moments(grid()[f"digits/quick/{seed}"].folder) for seed in (0, 1)} == before

    assert main([*COMMAND, "--jobs", "1", "--folder", "alone", "--quiet"]) == 0
    for name, alone in grid("alone").items():
        there = weights(grid()[name])
        assert all(torch.equal(w, there[n]) for n, w in weights(alone).items())
        assert {**alone.measured.figures, "omp": None} == {**grid()[name].measured.figures, "omp": None}
        assert alone.measured.figures["threads"] == 1
    assert grid()["digits/quick/0"].measured.figures["omp"] == "1"  # in a worker
    alone, there = (Path(folder, "RESULTS.md").read_text() for folder in ("alone", "runs/class_vsc-small"))
    assert re.findall(r"^\|.*", alone, re.MULTILINE) == re.findall(r"^\|.*", there, re.MULTILINE)
    assert alone.count("| digits |") == 4


def test_a_worker_that_dies_or_diverges_takes_only_its_own_cell_with_it(lab, capfd):
    events = {"diverges": "diverge", "dies": "die", "warns": "warn"}
    cells = {name: {"pair": {"init_args": {"event": event}}} for name, event in events.items()}
    write({**GRID, "seeds": [0], "cells": cells})
    outcomes = {}
    assert run_in_workers(list(grid().values()), lambda task, end: outcomes.update({str(task.cell): end}), jobs=1) == 0
    assert outcomes["digits/dies/0"].error.startswith("its process ended with code -9")
    assert outcomes["digits/diverges/0"].error.startswith("epoch 2, step 2: not finite: event.")
    assert outcomes["digits/warns/0"].error == ""
    assert capfd.readouterr().err == "digits/warns/0: Mind the gates.\n"
    assert [task.state for task in grid().values()] == ["begun", "begun", "finished"]


def test_results_name_the_cells_that_are_missing_and_the_exit_code_is_2(lab, capsys):
    write({**GRID, "cells": {"diverges": {"pair": {"init_args": {"event": "diverge"}}}, "quick": None}})
    assert main([*COMMAND, "--jobs", "1"]) == 2
    out, error = capsys.readouterr()
    assert out == "A small grid\nresults: runs/class_vsc-small/RESULTS.md\n"
    assert "\nerror: 2 of 4 cells failed:\n- digits/diverges/0: epoch 2, step 2: not finite: event." in error
    text = Path("runs/class_vsc-small/RESULTS.md").read_text()
    assert "Missing, 2 of these cells: digits/diverges/0, digits/diverges/1." in text
    assert len(re.findall(r"^\| digits", text, re.MULTILINE)) == 2


def test_the_section_says_how_it_was_made_and_holds_no_place_of_this_machine(lab, empty_folder):
    (empty_folder / "OURS.md").write_text(
        "# Ours\n\n<!-- class_vsc.small -->\nold\n<!-- /class_vsc.small -->\nAfter.\n"
    )
    assert main([*COMMAND, "--jobs", "1", "--quiet", "--results", "OURS.md"]) == 0
    text = Path("OURS.md").read_text()
    seconds = sum(row["seconds"] for task in grid().values() for row in pellucid.load(task.folder).history)
    assert text.startswith(
        "# Ours\n\n<!-- class_vsc.small -->\n## A small grid\n\n4 cells: 2 variants on digits; seeds 0, 1. Written by "
        "`pellucid experiment class_vsc --preset small.yaml --results OURS.md`, pellucid "
        f"{pellucid.__version__}; one thread a cell, {seconds / 60:.1f} minutes of training in all.\n\n![](figures/"
    )
    assert text.endswith("|\n<!-- /class_vsc.small -->\nAfter.\n")
    assert str(empty_folder) not in text
    assert Path("figures/class_vsc.small/picture.png").read_text() == "4"
    assert not list(Path("runs").rglob("RESULTS.md"))


def test_a_new_version_of_the_measures_measures_anew_and_trains_nothing(lab):
    assert main([*COMMAND, "--jobs", "1", "--quiet"]) == 0
    assert main([*COMMAND, "--jobs", "1", "--quiet"]) == 0
    assert len(lab.measured) == 4
    first = {name: task.measured.figures for name, task in grid().items()}
    trained = {name: moments(task.folder / "checkpoint") for name, task in grid().items()}
    lab.MEASURES = "2"
    assert {task.state for task in grid().values()} == {"to measure"}
    assert main([*COMMAND, "--jobs", "1", "--quiet"]) == 0
    assert len(lab.measured) == 8
    assert {name: moments(task.folder / "checkpoint") for name, task in grid().items()} == trained
    assert {name: task.measured.figures for name, task in grid().items()} == first  # draws included


def test_a_measurement_that_fails_leaves_the_trained_cell_and_no_half_of_a_file(lab, capsys):
    lab.measure = lambda run: {"bound": object()}
    assert main([*COMMAND, "--cells", "0", "--quiet"]) == 2
    assert "- digits/quick/0: TypeError: Object of type object is not JSON serializable\n" in capsys.readouterr().err
    task = grid()["digits/quick/0"]
    assert task.state == "to measure"
    assert sorted(path.name for path in task.folder.iterdir()) == ["checkpoint", "config.yaml", "metrics.csv"]


def test_a_part_of_the_cells_can_be_run_and_the_list_says_how_far_each_is(lab, capsys):
    assert main([*COMMAND, "--cells", "1::2", "--jobs", "1", "--quiet"]) == 0
    capsys.readouterr()
    assert main([*COMMAND, "--list"]) == 0
    assert capsys.readouterr().out == (
        "   0  digits/quick/0  to do\n   1  digits/slow/0   finished\n   2  digits/quick/1  to do\n"
        "   3  digits/slow/1   finished\n2 to do, 2 finished\n"
    )
    assert main([*COMMAND, "--list", "--cells", "2:"]) == 0
    assert capsys.readouterr().out.startswith("   2  digits/quick/1  to do\n   3 ")
    assert "Missing, 2 of these cells" in Path("runs/class_vsc-small/RESULTS.md").read_text()


def test_the_folders_of_a_grid_are_set_variant_and_seed(lab):
    write({**GRID, "sets": {"some": {"data": {"init_args": {"rows": 100}}}}})
    assert [re.sub(r"\w{8}$", "", str(task.folder)) for task in grid("g").values()] == [
        f"g/some/{variant}/{seed}-" for seed in (0, 1) for variant in ("quick", "slow")
    ]


BAD = {
    "--jobs 0": "--jobs: expected a whole number, 1 or more; given '0'",
    "--jobs two": "--jobs: expected a whole number, 1 or more; given 'two'",
    "--cells 9:": "--cells: expected START:STOP or START:STOP:STEP that takes some of the 4 cells; given '9:'",
    "--results results.txt": "--results: expected a Markdown file; given 'results.txt'",
    "--results broken.md": "expected one pair of the lines <!-- class_vsc.small -->",
    "--preset demo --results RESULTS.md": "--results: nothing measures the cells of demo",
    "--preset nowhere.yaml": "there is no file nowhere.yaml",
}


@pytest.mark.parametrize("words", BAD)
def test_what_is_wrong_is_said_before_anything_is_trained(words, lab, empty_folder, capsys):
    (empty_folder / "broken.md").write_text("<!-- class_vsc.small -->")
    assert main([*COMMAND, *words.split()]) == 2
    assert BAD[words] in capsys.readouterr().err
    assert not Path("runs").exists()


def test_a_module_that_does_not_measure_is_named(lab, empty_folder, capsys):
    (empty_folder / "bare.py").write_text("MEASURES = '1'\n\ndef measure(run): ...\n")
    write({**GRID, "module": "bare"})
    assert main(COMMAND) == 2
    assert "'bare.write_results': cannot be imported" in capsys.readouterr().err
    assert not Path("runs").exists()
