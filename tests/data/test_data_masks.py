# Every split of these sets is in memory, its labels one tensor.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# pyright: reportOptionalSubscript=false
"""Rows that know some of their attributes: masks [N, L] from a data set through batches to a run and back."""

import math

import pytest
import torch
from torch.utils.data import Dataset

from pellucid import fit, load, zoo
from pellucid.data import Batch, Batches, DataSet, label_counts, smiley
from pellucid.experiments.report.partition import partitions

FACES = smiley(rows=120, validation=40, test=40)


class OneByOne(Dataset):
    def __init__(self, whole: Batch):
        self.whole = whole

    def __len__(self):
        return self.whole.rows

    def __getitem__(self, index):
        return self.whole.take(index)


def partly(rows: Batch, left: float, seed: int = 0) -> Batch:
    """The rows with 70 % of their attributes known, and ``left`` in the slots of the rest."""
    known = torch.rand(rows.y.shape, generator=torch.Generator().manual_seed(seed)) < 0.7
    return Batch(rows.x, torch.where(known, rows.y.float(), left), known)


def made(left: float, known=lambda mask: mask) -> DataSet:
    splits = [partly(rows, left, seed) for seed, rows in enumerate(FACES.splits.values())]
    splits = [rows._replace(labelled=known(rows.labelled)) for rows in splits]
    return DataSet("partly", *splits, classes=FACES.classes, source="smiley with slots left empty")


def same(one: Batch, other: Batch) -> bool:
    pairs = ((one.x, other.x), (one.y.nan_to_num(-9), other.y.nan_to_num(-9)), (one.labelled, other.labelled))
    return all(a.equal(b) for a, b in pairs)


@pytest.mark.parametrize("workers", [0, 2])
def test_each_slot_stays_with_its_mask_through_batches_from_memory_and_disk(workers):
    rows = made(math.nan).train
    batches = [Batches(split, 32, shuffle=True, seed=3, workers=workers) for split in (rows, OneByOne(rows))]
    seen = 0
    for memory, disk in zip(*(each.epoch(1) for each in batches), strict=True):
        assert same(memory, disk)
        assert memory.labelled.shape == memory.y.shape
        assert memory.y.isnan().equal(~memory.labelled)
        seen += int(memory.labelled.sum())
    assert seen == int(rows.labelled.sum())


def test_attributes_are_counted_slot_by_slot():
    data = made(math.nan)
    counts, rows = label_counts(data), data.train
    for column in range(4):
        held = [int(value) for value in rows.y[:, column].tolist() if not math.isnan(value)]
        assert counts[column].tolist() == [held.count(0), held.count(1)]


def test_a_report_scores_the_slots_that_are_known():
    rows = made(math.nan).test
    parts = partitions(rows, FACES.classes)
    assert [part.name for part in parts] == list(FACES.classes)
    for column, part in enumerate(parts):
        assert part.known.equal(rows.labelled[:, column])
        assert part.y[part.known].equal(FACES.test.y[:, column][part.known])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return trained(made(math.nan), tmp_path_factory.mktemp("partly"))


def pair_for(data: DataSet):
    torch.manual_seed(0)
    return zoo.class_vsc(data, dim=6, hidden=(16,))


def trained(data: DataSet, folder):
    return fit(pair_for(data), data, folder=folder, epochs=2, batch_size=50, progress=False, accelerator="cpu")


def test_what_stands_in_slots_that_are_not_known_never_reaches_the_weights(run, tmp_path):
    weights, others = (each.pair.state_dict() for each in (run, trained(made(7.0), tmp_path)))
    assert all(weights[name].isfinite().all() for name in weights)
    assert all(weights[name].equal(others[name]) for name in weights)


def test_a_run_with_such_masks_is_loaded_as_it_was_saved(run):
    data = made(math.nan)
    again = load(run.folder, pair=pair_for(data), data=data)
    weights, others = run.pair.state_dict(), again.pair.state_dict()
    assert all(weights[name].equal(others[name]) for name in weights)
    assert same(again.split("test"), run.split("test"))


@pytest.mark.parametrize("share", [0, 1], ids=["none", "all"])
@pytest.mark.parametrize("wide", [False, True], ids=["rows", "slots"])
def test_a_run_may_know_all_attributes_or_none(share, wide, tmp_path):
    data = made(0.0, lambda mask: torch.full(mask.shape if wide else mask.shape[:1], share == 1))
    run = trained(data, tmp_path)
    assert math.isfinite(run.history[-1]["train/loss"])
    assert (run.history[-1]["train/supervision"] > 0) == (share == 1)
    assert all(value.isfinite().all() for value in run.pair.state_dict().values())
