"""A prior of the user's own, in a file outside the library, from the command line to the report."""

import csv
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import pellucid
from pellucid.experiments.cli import main

STROKES = '''
import pyro
import pyro.distributions as dist
import torch
from pyro.distributions import constraints
from pyro.nn import PyroModule, PyroParam
from torch import nn

from pellucid.guides import classify
from pellucid.models import label
from pellucid.networks import MLPEncoder


class StrokePrior(PyroModule):
    """How strong each stroke is: positive, and typical of the class."""

    def __init__(self, dim: int = 12, classes: int = 10):
        super().__init__()
        self.shape = PyroParam(torch.ones(classes, dim), constraints.positive)

    def forward(self, y=None, labelled=None):
        y = label("y", dist.Categorical(logits=self.shape.new_zeros(len(self.shape))), y, labelled)
        return pyro.sample("z", dist.Gamma(self.shape[y], 1.0).to_event(1))


class StrokePosterior(PyroModule):
    def __init__(self, shape, dim: int = 12, classes: int = 10):
        super().__init__()
        self.encoder = MLPEncoder(shape)
        self.classes, self.loc, self.scale = (nn.Linear(self.encoder.out_features, n) for n in (classes, dim, dim))

    def forward(self, x, y=None, labelled=None):
        h = self.encoder(x)
        classify("y", dist.Categorical(logits=self.classes(h)), y, labelled)
        return pyro.sample("z", dist.LogNormal(self.loc(h), self.scale(h).exp()).to_event(1))
'''

SPIKES = '''
import pyro
import pyro.distributions as dist
import torch
from pyro.nn import PyroModule
from torch import nn

from pellucid.distributions import SpikeAndSlab
from pellucid.guides import SpikeAndSlabPosterior, classify
from pellucid.models import label
from pellucid.networks import MLPEncoder


class ClassSpikes(PyroModule):
    """Each class switches dimensions on with probabilities of its own."""

    def __init__(self, dim: int = 6, classes: int = 10):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(classes, dim))

    def forward(self, y=None, labelled=None):
        y = label("y", dist.Categorical(logits=self.logits.new_zeros(len(self.logits))), y, labelled)
        gate = self.logits[y].sigmoid()
        return pyro.sample("z", SpikeAndSlab(gate, torch.zeros_like(gate), torch.ones_like(gate)).to_event(1))


class SpikesAndClass(SpikeAndSlabPosterior):
    def __init__(self, shape, dim: int = 6, classes: int = 10):
        super().__init__(MLPEncoder(shape), dim)
        self.classes = nn.Linear(self.encoder.out_features, classes)

    def forward(self, x, y=None, labelled=None):
        classify("y", dist.Categorical(logits=self.classes(self.encoder(x))), y, labelled)
        return super().forward(x, y, labelled)
'''


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_gamma_prior_with_a_label_site_in_a_users_file_trains_at_a_tenth_of_the_labels_and_is_reported(empty_folder):
    (empty_folder / "my_prior.py").write_text(STROKES)
    command = str(Path(sys.executable).with_name("pellucid"))
    words = (
        "fit --pair compose --pair.prior my_prior.StrokePrior --pair.posterior my_prior.StrokePosterior "
        "--pair.factors+ Supervision --pair.factors.weight 10 --data digits --data.labels 0.1 --epochs 3"
    )
    done = subprocess.run([command, *words.split()], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    folder = Path("runs/compose-digits-1")
    assert f"next: pellucid report {folder}" in done.stdout
    first, _, last = rows(folder)
    assert float(last["validation/bound"]) > float(first["validation/bound"])
    assert float(last["validation/accuracy(y)"]) > 0.3  # three times chance

    run = pellucid.load(folder)
    assert len(inspect.getsource(type(run.pair.model.prior)).splitlines()) <= 30
    assert int(run.data.train.labelled.sum()) == round(0.1 * run.data.n_data)  # pyright: ignore
    assert not run.pair.model.prior.shape.allclose(torch.ones(10, 12))
    assert float(run.posterior()["z"].sample().min()) > 0

    assert main(["report", str(folder)]) == 0
    page = (folder / "report.html").read_text()
    assert "my_prior.StrokePrior" in page
    assert (folder / "posterior.nc").stat().st_size > 0


def test_spikes_that_depend_on_a_partly_known_label_train_with_both_factors_and_are_reported(empty_folder, capsys):
    (empty_folder / "own_spikes.py").write_text(SPIKES)
    words = (
        "fit --pair compose --pair.prior own_spikes.ClassSpikes --pair.posterior own_spikes.SpikesAndClass "
        "--pair.factors+ Supervision --pair.factors.weight 10 "
        "--pair.factors+ ClassConsistency --pair.factors.weight Ramp "
        "--pair.factors.weight.start 0 --pair.factors.weight.stop 2 --data digits --data.labels 0.1 --data.test 100 "
        "--epochs 3 --batch_size 64 --folder run --quiet"
    )
    assert main(words.split()) == 0
    first, _, last = rows(Path("run"))
    assert float(last["validation/bound"]) > float(first["validation/bound"])
    assert float(last["validation/accuracy(y)"]) > 0.3
    assert (float(last["weight/supervision"]), float(last["weight/consistency"])) == (10, pytest.approx(2, abs=0.1))

    run = pellucid.load("run")
    assert [factor.name for factor in run.pair.factors] == ["supervision", "consistency"]
    assert not run.pair.model.prior.logits.allclose(torch.zeros(10, 6))
    assert main(["report", "run"]) == 0
    assert capsys.readouterr().out.endswith("run/report.html\n")
