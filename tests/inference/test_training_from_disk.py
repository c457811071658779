"""A data set whose splits are map-style Datasets trains through the same path, to the same weights."""

# Splits may be Datasets and a module's attributes anything, as far as a checker can tell.
# pyright: reportArgumentType=false, reportOptionalSubscript=false

import pytest
import torch
from torch.utils.data import Dataset

from pellucid import data, fit, zoo
from pellucid.data import Batch, DataSet


class Rows(Dataset):
    """Single rows of a batch in memory, as a set too large for it would give them."""

    def __init__(self, rows: Batch):
        self.rows, self.asked = rows, []

    def __len__(self):
        return self.rows.rows

    def __getitem__(self, index):
        self.asked.append(index)
        return Batch(self.rows.x[index], self.rows.y[index])


def trained(made, folder, **changes):
    torch.manual_seed(0)
    pair = zoo.vsc(made, dim=3, hidden=(16,), consistency=2.0)
    settings = {"epochs": 2, "batch_size": 50, "progress": False, "accelerator": "cpu"} | changes
    run = fit(pair, made, folder=folder, **settings)
    return run, run.pair.state_dict(), [{**row, "seconds": 0} for row in run.history]


@pytest.fixture(scope="module")
def in_memory():
    return data.digits(rows=200, validation=60, test=20)


@pytest.fixture(scope="module")
def on_disk(in_memory):
    splits = [Rows(split) for split in in_memory.splits.values()]
    return DataSet("rows", *splits, classes=in_memory.classes, source=in_memory.source)


def test_rows_from_disk_give_the_very_run_of_rows_from_memory(in_memory, on_disk, tmp_path):
    _, weights, history = trained(in_memory, tmp_path / "memory")
    on_disk.train.asked.clear()
    run, here, now = trained(on_disk, tmp_path / "disk")
    assert all(torch.equal(weights[name], here[name]) for name in weights)
    assert history == now
    assert sorted(on_disk.train.asked[-400:]) == sorted([*range(200)] * 2)
    assert torch.equal(run.split("test").x, in_memory.test.x / 255)
    assert torch.equal(run.split("test", rows=3).y, in_memory.test.y[:3])
    assert run.posterior("test")["z"].batch_shape == (20,)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12 on fork beside threads
def test_a_worker_process_changes_nothing(in_memory, on_disk, tmp_path):
    _, weights, _ = trained(in_memory, tmp_path / "memory", epochs=1)
    _, here, _ = trained(on_disk, tmp_path / "disk", epochs=1, workers=1)
    assert all(torch.equal(weights[name], here[name]) for name in weights)
