"""Checkpoints: written whole or not at all, and what is said of one that is cut short or belongs to another pair."""

# Splits may be Datasets and a module's attributes anything, as far as a checker can tell.
# pyright: reportArgumentType=false

import re
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from pellucid import data, fit, load, zoo
from pellucid.inference.training.checkpoint import read_best, read_state, read_weights, replace_folder, write_checkpoint


class Died(BaseException):
    """Stands for a SIGKILL: nothing after it runs."""


class Dying(type(Path())):
    """A path that cannot be renamed any more."""

    def rename(self, target):
        raise Died


def layer(value: float) -> nn.Linear:
    made = nn.Linear(2, 1)
    nn.init.constant_(made.weight, value)
    return made


def test_killed_between_the_two_renames_the_older_checkpoint_is_read_and_the_next_write_heals(tmp_path):
    write_checkpoint(tmp_path, layer(1.0), {"weight": torch.tensor(1.0)}, {"epoch": 1})
    new = Dying(shutil.copytree(tmp_path / "checkpoint", tmp_path / "checkpoint.new"))
    with pytest.raises(Died):
        replace_folder(new, tmp_path / "checkpoint")
    assert not (tmp_path / "checkpoint").exists()

    assert read_state(tmp_path) == {"epoch": 1}
    assert read_best(tmp_path) == {"weight": torch.tensor(1.0)}
    read = layer(0.0)
    read_weights(tmp_path, read)
    assert torch.equal(read.weight, layer(1.0).weight)

    write_checkpoint(tmp_path, layer(2.0), None, {"epoch": 2})
    assert read_state(tmp_path) == {"epoch": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_killed_while_it_writes_the_older_checkpoint_is_read(tmp_path):
    write_checkpoint(tmp_path, layer(1.0), None, {"epoch": 1})
    with pytest.raises(AttributeError):  # a value that cannot be pickled, halfway through the files
        write_checkpoint(tmp_path, layer(2.0), None, {"epoch": lambda: 2})
    assert read_state(tmp_path) == {"epoch": 1}
    read = layer(0.0)
    read_weights(tmp_path, read)
    assert torch.equal(read.weight, layer(1.0).weight)


def test_tensors_shared_by_two_modules_come_back_shared(tmp_path):
    tied = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    tied[1].weight = tied[0].weight
    write_checkpoint(tmp_path, tied, None, {})
    read = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    read[1].weight = read[0].weight
    read_weights(tmp_path, read)
    assert torch.equal(read[0].weight, tied[0].weight)
    assert read[1].weight is read[0].weight


@pytest.fixture(scope="module")
def digits():
    return data.digits(rows=100)


@pytest.fixture(scope="module")
def trained(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "run"
    return fit(
        zoo.vae(digits, dim=3, hidden=(16,)), digits, epochs=1, batch_size=50, patience=1, folder=folder, progress=False
    )


@pytest.mark.parametrize("share", [0.0, 0.0005, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("file", ["weights.safetensors", "best.safetensors", "state.pt"])
def test_a_file_cut_short_anywhere_is_named_and_left_as_it_is(trained, digits, tmp_path, file, share):
    folder = shutil.copytree(trained.folder, tmp_path / "run")
    path = folder / "checkpoint" / file
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    settings = {"epochs": 1, "batch_size": 50, "patience": 1, "folder": folder, "progress": False}
    readers = {
        "weights.safetensors": lambda: load(folder),
        "best.safetensors": lambda: load(folder),
        "state.pt": lambda: fit(zoo.vae(digits, dim=3, hidden=(16,)), digits, resume=True, **settings),
    }
    with pytest.raises(ValueError, match=rf"{re.escape(str(path))}: the file is damaged or cut short.*\nTry one of"):
        readers[file]()
    assert path.read_bytes() == whole[: int(share * len(whole))]


@pytest.mark.parametrize(
    ("built", "message"),
    [
        ({"dim": 4, "hidden": (16,)}, r"'guide\.posterior\.loc\.bias' has shape \(3,\) there and \(4,\) in the pair"),
        ({"dim": 3, "hidden": (16, 16)}, r"'[\w.]+' has shape .* there and .* in the pair"),
        ({"dim": 3, "hidden": (16,), "likelihood": "normal"}, r"'model\.likelihood\.log_scale' has shape \(absent\)"),
    ],
)
def test_a_checkpoint_of_another_architecture_is_refused_by_the_parameter_that_differs(trained, digits, built, message):
    with pytest.raises(ValueError, match=message) as told:
        load(trained.folder, pair=zoo.vae(digits, **built))
    assert str(trained.folder / "config.yaml") in str(told.value)


def test_a_folder_without_a_checkpoint_is_refused(trained, tmp_path):
    folder = shutil.copytree(trained.folder, tmp_path / "run")
    shutil.rmtree(folder / "checkpoint")
    with pytest.raises(FileNotFoundError, match=r"no checkpoint in .*; expected .*state\.pt"):
        load(folder)
