"""A user's own pair, data set and factor by import path and by YAML, stopped in the middle and taken up again."""

import importlib
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import pellucid
from pellucid.experiments.cli import main

PARTS = """
import signal
import torch
from pellucid import Batch, Pair, zoo
from pellucid.data import DataSet
from pellucid.inference import Factor

steps = 0
stop_at = None


class Watched(Factor):
    '''Counts its calls in training, and gives the process a signal at one of them.'''

    def __init__(self, weight: float = 1.0):
        super().__init__("watched", weight)

    def forward(self, posterior, y, labelled):
        global steps
        steps += torch.is_grad_enabled()
        if torch.is_grad_enabled() and steps == stop_at:
            signal.raise_signal(signal.SIGTERM)
        return posterior["z"].mean.square().mean()


def stripes(rows: int = 200, labels: float = 1.0) -> DataSet:
    '''Images with a horizontal or a vertical bar.'''
    def split(seed):
        draw = torch.Generator().manual_seed(seed)
        y, at = (torch.randint(n, (rows,), generator=draw) for n in (2, 6))
        x = torch.zeros(rows, 1, 6, 6)
        x[torch.arange(rows), 0, at] = 1
        x = torch.where(y[:, None, None, None] == 0, x, x.mT)
        return Batch(x, y, torch.rand(rows, generator=draw) < labels)
    return DataSet("stripes", split(0), split(1), split(2), classes=("lying", "standing"), source="drawn")


def small(data, *, dim: int = 2, watched: float = 1.0) -> Pair:
    '''A small autoencoder that is watched.

    Args:
        data: the data set.
        dim: latent dimensions.
        watched: weight of the factor.
    '''
    pair = zoo.vae(data, dim=dim, hidden=[8])
    return Pair(pair.model, pair.guide, [Watched(watched)])
"""

YAML = """
pair: {class_path: own_stripes.small, init_args: {dim: 3, watched: 0.5}}
data: {class_path: own_stripes.stripes, init_args: {labels: 0.5}}
fit: {epochs: 3, batch_size: 50}
"""


@pytest.fixture
def parts(empty_folder):
    (empty_folder / "own_stripes.py").write_text(PARTS)
    (empty_folder / "run.yaml").write_text(YAML)


def weights(folder: str) -> dict[str, torch.Tensor]:
    return pellucid.load(folder).pair.state_dict()


def test_a_pair_and_a_data_set_by_import_path_train_and_load(parts, capsys):
    words = "fit --pair own_stripes.small --pair.dim 3 --data own_stripes.stripes --data.rows 100 --batch_size 50"
    assert main([*words.split(), "--epochs", "2", "--quiet"]) == 0
    assert "next: pellucid report runs/small-stripes-1" in capsys.readouterr().out
    run = pellucid.load("runs/small-stripes-1")
    assert (run.data.n_data, run.pair.model.prior.loc.shape) == (100, (3,))
    assert len(run.history) == 2
    assert run.history[-1]["train/watched"] >= 0


def test_the_options_of_a_users_pair_are_in_the_help(parts, capsys):
    assert main(["fit", "--pair", "own_stripes.small", "--data", "own_stripes.stripes", "--help"]) == 0
    page = " ".join(capsys.readouterr().out.split())
    assert "--pair.watched NUMBER weight of the factor. Default: 1.0" in page
    assert "Images with a horizontal or a vertical bar" in page
    assert "--data.rows INT" in page


def test_a_factor_by_import_path_joins_parts_of_the_library(parts):
    words = (
        "fit --pair compose --pair.prior NormalPrior --pair.prior.dim 2 --pair.posterior own_stripes_guide.Posterior "
        "--pair.factors+ own_stripes.Watched --pair.factors.weight 0.5 --data own_stripes.stripes --epochs 1 "
        "--batch_size 50 --folder run --quiet"
    )
    Path("own_stripes_guide.py").write_text(
        "from pellucid.guides import NormalPosterior\nfrom pellucid.networks import MLPEncoder\n"
        "class Posterior(NormalPosterior):\n"
        "    def __init__(self, shape):\n        super().__init__(MLPEncoder(shape), 2)\n"
    )
    assert main(words.split()) == 0
    assert [(f.name, float(f.weight)) for f in pellucid.load("run").pair.factors] == [("watched", 0.5)]


def test_a_yaml_file_says_the_same_as_words_and_words_beside_it_overrule_it(parts):
    words = (
        "--pair own_stripes.small --pair.dim 3 --pair.watched 0.5 --data own_stripes.stripes --data.labels 0.5 "
        "--epochs 3 --batch_size 50"
    )
    assert main(["fit", *words.split(), "--folder", "words", "--quiet"]) == 0
    assert main(["fit", "--config", "run.yaml", "--folder", "file", "--quiet"]) == 0
    assert main(["fit", "--config", "words/config.yaml", "--folder", "again", "--quiet"]) == 0
    said, read, again = (yaml.safe_load(Path(f, "config.yaml").read_text()) for f in ("words", "file", "again"))
    assert said == read == again
    first = weights("words")
    assert all(torch.equal(w, weights(f)[n]) for f in ("file", "again") for n, w in first.items())

    assert main(["fit", "--config", "run.yaml", "--pair.dim", "5", "--epochs", "1", "--folder", "other"]) == 0
    changed = yaml.safe_load(Path("other", "config.yaml").read_text())
    assert changed["pair"]["init_args"] == {"dim": 5, "watched": 0.5}
    assert changed["fit"] == {**said["fit"], "epochs": 1}


def test_another_pair_beside_a_yaml_file_does_not_take_the_arguments_of_the_first(parts):
    assert main(["fit", "--config", "run.yaml", "--pair", "vae", "--epochs", "1", "--folder", "run", "--quiet"]) == 0
    config = yaml.safe_load(Path("run", "config.yaml").read_text())
    assert config["pair"]["class_path"] == "pellucid.zoo.vae"
    assert config["pair"]["init_args"]["dim"] == 50
    assert config["data"]["init_args"]["labels"] == 0.5


def test_a_run_stopped_by_sigterm_ends_with_143_and_resume_ends_where_an_unbroken_run_does(parts, capsys):
    own_stripes: Any = importlib.import_module("own_stripes")
    assert main(["fit", "--config", "run.yaml", "--folder", "whole", "--quiet"]) == 0
    own_stripes.steps, own_stripes.stop_at = 0, 6  # the second step of the second of three epochs
    handler = signal.getsignal(signal.SIGTERM)
    assert main(["fit", "--config", "run.yaml", "--folder", "broken"]) == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is handler
    assert "Go on with: pellucid fit --resume broken" in " ".join(capsys.readouterr().err.split())
    assert len(pellucid.load("broken").history) == 1
    assert main(["fit", "--resume", "broken", "--quiet"]) == 0
    resumed = weights("broken")
    assert all(torch.equal(w, resumed[n]) for n, w in weights("whole").items())
    assert pellucid.load("broken").history[-1].keys() == pellucid.load("whole").history[-1].keys()


def test_resuming_a_finished_run_changes_nothing(parts, capsys):
    assert main(["fit", "--config", "run.yaml", "--folder", "run", "--quiet"]) == 0
    before = weights("run")
    assert main(["fit", "--resume", "run", "--quiet"]) == 0
    assert all(torch.equal(w, before[n]) for n, w in weights("run").items())
    first, again = capsys.readouterr().out.split("next:")[:2]
    assert first.strip() in again
