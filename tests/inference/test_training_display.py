"""What a run says: nothing when told so, plain lines where there is no terminal, TensorBoard events by option."""

import re
from typing import Any

import pytest

from pellucid import data, fit, zoo

SETTINGS: dict[str, Any] = {"batch_size": 50, "accelerator": "cpu"}


@pytest.fixture(scope="module")
def digits():
    return data.digits(rows=100)


def pair_for(digits):
    return zoo.vsc(digits, dim=3, hidden=(16,), consistency=1.0)


def test_progress_false_is_silent(digits, tmp_path, capfd):
    fit(pair_for(digits), digits, epochs=2, folder=tmp_path / "run", progress=False, **SETTINGS)
    assert capfd.readouterr() == ("", "")


def test_without_a_terminal_each_line_on_stderr_names_the_run_the_epoch_and_the_figures(digits, tmp_path, capfd):
    run = fit(pair_for(digits), digits, epochs=2, folder=tmp_path / "thesis", progress=True, **SETTINGS)
    out, err = capfd.readouterr()
    assert out == ""
    assert "\x1b" not in err
    said, *lines = err.splitlines()
    assert said == "Trains without compiling: 4 steps would not repay it (compile=True if many runs follow)."
    for number, (line, row) in enumerate(zip(lines, run.history, strict=True), 1):
        figures = r"bound (\S+)  consistency (\S+)"
        shown = re.fullmatch(rf"thesis  epoch {number}/2  train {figures}  validation {figures}  [\d.]+ s", line)
        assert shown, line
        names = ("train/bound", "train/consistency", "validation/bound", "validation/consistency")
        assert [float(value) for value in shown.groups()] == pytest.approx([row[name] for name in names], rel=1e-3)


def test_a_long_run_says_some_twenty_lines_and_its_last(digits, tmp_path, capfd):
    fit(pair_for(digits), digits, epochs=45, folder=tmp_path / "run", progress=True, batch_size=100, accelerator="cpu")
    lines = capfd.readouterr().err.splitlines()
    assert 15 <= len(lines) <= 25
    assert "epoch 45/45" in lines[-1]


def test_an_early_end_is_said_with_the_epoch_whose_weights_are_kept(digits, tmp_path, capfd):
    settings = {"epochs": 100, "lr": 0.2, "patience": 1, "folder": tmp_path / "run"}
    run = fit(pair_for(digits), digits, **SETTINGS, **settings)
    bounds = [row["validation/bound"] for row in run.history]
    best = 1 + bounds.index(max(bounds))
    last = capfd.readouterr().err.splitlines()[-1]
    assert last == f"No better validation bound in 1 epochs: the weights are those of epoch {best}."


def test_tensorboard_events_hold_the_rows_of_the_metrics(digits, tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    run = fit(pair_for(digits), digits, epochs=3, folder=tmp_path / "run", tensorboard=True, progress=False, **SETTINGS)
    events = reader.EventAccumulator(str(run.folder / "tensorboard")).Reload()
    read = [(event.step, event.value) for event in events.Scalars("validation/bound")]
    assert [step for step, _ in read] == [1, 2, 3]
    assert [value for _, value in read] == pytest.approx([row["validation/bound"] for row in run.history], rel=1e-6)
