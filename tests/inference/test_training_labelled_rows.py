"""So many labelled rows in every batch of a run, interrupted or not."""

# pyright: reportArgumentType=false, reportOptionalSubscript=false, reportAttributeAccessIssue=false
# pyright: reportOptionalMemberAccess=false, reportCallIssue=false

import os
import signal

import pytest
import torch

from pellucid import data, fit, load, zoo
from pellucid.data import Batch, Batches, DataSet
from pellucid.inference import Factor, Pair
from pellucid.schedules import Cosine, Gaussian
from tests.bit_equal import same

SETTINGS = {"epochs": 3, "batch_size": 50, "labelled_rows": 15, "seed": 2, "progress": False, "accelerator": "cpu"}
STEPS = 100 // 35
LABELLED = 20


class Witness(Factor):
    """Writes down the rows of every training step, 0 for the unlabelled, and which are labelled; breaks off at one."""

    def __init__(self, interrupt_at: int = 0):
        super().__init__("witness", 0.0)
        self.seen, self.interrupt_at = [], interrupt_at

    def forward(self, posterior, y, labelled):
        if self.training and torch.is_grad_enabled():
            self.seen.append((y["row"].tolist(), labelled.tolist()))
            if len(self.seen) == self.interrupt_at:
                os.kill(os.getpid(), signal.SIGTERM)
        return 0.0 * posterior["z"].mean.sum()


@pytest.fixture(scope="module")
def numbered():
    """Digits whose labels are their rows, the first 20 of them known."""
    digits = data.digits(rows=100)
    splits = [
        Batch(split.x, {"row": torch.arange(split.rows)}, torch.arange(split.rows) < LABELLED)
        for split in digits.splits.values()
        if isinstance(split, Batch)
    ]
    return DataSet("digits", *splits, digits.classes, digits.source)


def fresh(numbered, witness):
    torch.manual_seed(0)
    pair = zoo.vae(numbered, dim=3, hidden=(16,))
    return Pair(pair.model, pair.guide, [witness])


@pytest.fixture(scope="module")
def unbroken(numbered, tmp_path_factory):
    witness = Witness()
    folder = tmp_path_factory.mktemp("labelled") / "run"
    return fit(fresh(numbered, witness), numbered, folder=folder, **SETTINGS), witness.seen


def test_every_batch_begins_with_its_labelled_rows_taken_in_turn(unbroken):
    _, steps = unbroken
    first = [row for rows, _ in steps for row in rows[:15]]
    assert len(steps) == 3 * STEPS
    assert all(len(rows) == 50 and all(known[:15]) for rows, known in steps)
    counts = [first.count(row) for row in range(LABELLED)]
    assert sum(counts) == len(first)
    assert max(counts) - min(counts) <= 1


def test_a_run_is_the_bare_loop_over_the_same_batches(unbroken, numbered):
    pair = fresh(numbered, Witness())
    optimiser = torch.optim.Adam(pair.parameters(), lr=1e-3, fused=True)
    batches = Batches(numbered.train, 50, shuffle=True, drop_last=True, seed=2, labelled=15)
    torch.manual_seed(2)
    for epoch in range(3):
        for batch in batches.epoch(epoch):
            optimiser.zero_grad()
            pair(*batch).loss.backward()
            optimiser.step()
    assert same(pair.state_dict(), unbroken[0].pair.state_dict())


def test_a_run_stopped_in_mid_epoch_and_resumed_ends_as_an_unbroken_one(numbered, tmp_path):
    groups = {"posterior": {"weight_decay": 0.1, "lr": Gaussian(1e-2, 0.0)}}
    settings = SETTINGS | {"lr": Cosine(1e-2, 1e-4), "groups": groups}
    whole = fit(fresh(numbered, Witness()), numbered, folder=tmp_path / "whole", **settings)
    first, second, folder = Witness(interrupt_at=STEPS + 1), Witness(), tmp_path / "broken"
    assert fit(fresh(numbered, first), numbered, folder=folder, **settings).stopped == signal.SIGTERM
    broken = fit(fresh(numbered, second), numbered, folder=folder, resume=True, **settings)
    assert len(first.seen) == STEPS + 1
    assert len(first.seen + second.seen) == 3 * STEPS
    assert same(broken.pair.state_dict(), whole.pair.state_dict())
    states = [torch.load(run.folder / "checkpoint" / "state.pt", weights_only=True) for run in (whole, broken)]
    assert same(*(state["optimiser"] for state in states))
    assert [row["lr/posterior"] for row in broken.history] == [row["lr/posterior"] for row in whole.history]


def test_the_number_is_recorded_and_a_resumed_run_must_have_the_same(unbroken, numbered):
    folder = unbroken[0].folder
    again = load(folder, pair=fresh(numbered, Witness()), data=numbered)
    assert again.config["fit"]["labelled_rows"] == 15
    for other in (None, 16):
        with pytest.raises(ValueError, match=rf"resume: fit\.labelled_rows was 15 .* is {other} now"):
            fit(fresh(numbered, Witness()), numbered, folder=folder, resume=True, **SETTINGS | {"labelled_rows": other})


@pytest.mark.parametrize("given", [0, -1, 50, 60])
def test_a_number_that_leaves_no_room_is_refused_before_anything_is_written(numbered, tmp_path, given):
    with pytest.raises(ValueError, match=f"(?s)labelled rows: expected 1 .* of 50, .*; {given} was.*Try one of"):
        fit(fresh(numbered, Witness()), numbered, folder=tmp_path / "run", **SETTINGS | {"labelled_rows": given})
    assert list(tmp_path.iterdir()) == []


def test_data_without_a_labelled_row_are_refused(tmp_path):
    digits = data.digits(rows=100, labels=0)
    with pytest.raises(ValueError, match=r"(?s)labelled rows: 15 of every batch .* no row has one.*labels=100"):
        fit(zoo.vae(digits, dim=2, hidden=(4,)), digits, folder=tmp_path / "run", **SETTINGS)
    assert list(tmp_path.iterdir()) == []
