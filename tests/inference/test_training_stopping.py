"""Early stopping: ends when it should, keeps the weights of the best epoch, and ``load`` gives those back."""

import pytest
import torch

from pellucid import data, fit, load, zoo
from pellucid.data import Batches
from pellucid.inference.training.validate import validate

SETTINGS = {"batch_size": 50, "lr": 0.05, "progress": False, "accelerator": "cpu"}


@pytest.fixture(scope="module")
def digits():
    """100 rows: few enough to overfit in some twenty epochs."""
    return data.digits(rows=100)


def fresh(digits):
    torch.manual_seed(0)
    return zoo.vae(digits, dim=3, hidden=(16,))


@pytest.fixture(scope="module")
def stopped(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stopped") / "run"
    return fit(fresh(digits), digits, epochs=200, patience=3, folder=folder, **SETTINGS)


def test_a_run_ends_patience_epochs_after_its_best_validation_bound(stopped):
    bounds = [row["validation/bound"] for row in stopped.history]
    best = max(range(len(bounds)), key=bounds.__getitem__)
    assert len(bounds) < 200
    assert len(bounds) == best + 1 + 3
    for epoch in range(3, best + 1):  # and at no earlier epoch had it to end
        assert max(bounds[: epoch - 2]) < max(bounds[epoch - 2 : epoch + 1])


def test_the_weights_kept_are_those_of_the_best_epoch_in_the_run_and_in_what_load_gives_back(stopped, digits):
    best = max(row["validation/bound"] for row in stopped.history)
    assert best > stopped.history[-1]["validation/bound"]
    for run in (stopped, load(stopped.folder)):
        assert validate(run.pair, Batches(digits.validation, 500), seed=0)["bound"] == best


def test_the_weights_kept_are_those_of_a_run_that_ends_at_the_best_epoch(stopped, digits, tmp_path):
    bounds = [row["validation/bound"] for row in stopped.history]
    epochs = 1 + max(range(len(bounds)), key=bounds.__getitem__)
    short = fit(fresh(digits), digits, epochs=epochs, folder=tmp_path / "run", **SETTINGS)
    there, here = short.pair.state_dict(), stopped.pair.state_dict()
    assert all(torch.equal(there[name], here[name]) for name in there)


def test_resuming_a_run_that_is_over_changes_nothing(stopped, digits):
    before = [path.read_bytes() for path in sorted(stopped.folder.rglob("*")) if path.is_file()]
    again = fit(fresh(digits), digits, epochs=200, patience=3, folder=stopped.folder, resume=True, **SETTINGS)
    assert [path.read_bytes() for path in sorted(stopped.folder.rglob("*")) if path.is_file()] == before
    there, here = again.pair.state_dict(), stopped.pair.state_dict()
    assert all(torch.equal(there[name], here[name]) for name in there)
