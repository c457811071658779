"""Runs of other kinds have a page too: dense codes, label sites, other families, nothing used."""

import math
import re

import pyro
import pyro.distributions as dist
import pytest
import torch
import xarray
from pyro.nn import PyroModule
from torch import nn
from torch.nn.functional import softplus

from pellucid import data, zoo
from pellucid.data import Batch, DataSet
from pellucid.diagnostics import calibration_error
from pellucid.experiments.report import write_report
from pellucid.guides import classify
from pellucid.models import label
from pellucid.networks import MLPEncoder


def test_a_dense_code_is_ranked_by_information_and_shows_no_gates(tmp_path, train, read_page):
    rows = data.digits(rows=300, test=60)
    run = train(tmp_path / "run", rows, zoo.vae(rows, dim=6, hidden=(32,)), epochs=8, lr=5e-3)
    page = read_page(write_report(run))
    assert (run.folder / "figures" / "heatmap.png").is_file()
    assert "sharing" not in page.sections()
    assert "quantity Gates on" not in page.numbers
    information = [values[1] for name, values in page.numbers.items() if name.startswith("dimension ")]
    assert information
    assert information == sorted(information, reverse=True)
    assert max(information) < math.log(60) + 1e-6
    assert "Exact for these rows" in page.text


class LabelledPrior(PyroModule):
    def __init__(self, classes: int, dim: int):
        super().__init__()
        self.loc = nn.Parameter(torch.randn(classes, dim))

    def forward(self, y=None, labelled=None):
        y = label("y", dist.Categorical(logits=self.loc.new_zeros(len(self.loc))), y, labelled)
        return pyro.sample("style", dist.Normal(self.loc[y], 1.0).to_event(1))


class LabelledPosterior(PyroModule):
    def __init__(self, shape: tuple[int, ...], classes: int, dim: int):
        super().__init__()
        self.encoder = MLPEncoder(shape, (32,))
        self.logits, self.loc, self.scale = (nn.Linear(32, size) for size in (classes, dim, dim))

    def forward(self, x, y=None, labelled=None):
        h = self.encoder(x)
        classify("y", dist.Categorical(logits=self.logits(h)), y, labelled)
        return pyro.sample("style", dist.Normal(self.loc(h), softplus(self.scale(h)) + 1e-3).to_event(1))


def test_label_sites_are_scored_beside_the_majority_rate_and_names_are_escaped(tmp_path, train, read_page):
    x = torch.rand(60, 1, 8, 8)
    y = (x.flatten(1)[:, :4].sum(1) > 1.9).long()
    part = Batch(x, y, torch.arange(60) % 2 == 0)
    rows = DataSet("noise & <i>", part, Batch(x, y), Batch(x, y), ("<b>", "<script>alert(1)</script>"), "torch.rand")
    pair = zoo.compose(rows, prior=LabelledPrior(2, 3), posterior=lambda shape: LabelledPosterior(shape, 2, 3))
    run = train(tmp_path / "run", rows, pair, epochs=3)
    page = read_page(write_report(run))
    guide = run.pair.guide.posterior
    guess = guide.logits(guide.encoder(x)).argmax(1)
    expected = [float((guess == y).double().mean()), max(float((y == c).double().mean()) for c in (0, 1))]
    found = calibration_error(guide.logits(guide.encoder(x)).softmax(-1), y)
    assert page.numbers["label y"] == pytest.approx([*expected, found.error, found.chance], abs=1e-6)
    assert not {"b", "i", "script"} & {tag for tag, _ in page.tags}
    assert "noise & <i>" in page.text
    assert "put together by hand" in page.text
    assert (run.folder / "figures" / "labels-1.png").is_file()
    with xarray.open_dataset(run.folder / "posterior.nc", group="posterior") as posterior:
        assert posterior["y"].shape == (1, 50, 60)
        assert posterior["dimension"].values.tolist() == [f"style[{j}]" for j in range(3)]


def test_a_collapsed_run_says_that_nothing_is_used(tmp_path, train, read_page):
    rows = data.digits(rows=100, validation=20, test=30)
    run = train(tmp_path / "run", rows, zoo.vsc(rows, dim=5, hidden=(8,)))
    with torch.no_grad():
        run.pair.guide.posterior.gate.weight.zero_()
        run.pair.guide.posterior.gate.bias.fill_(-30.0)
    page = read_page(write_report(run))
    assert "None of 5 dimensions is used" in page.text
    assert page.numbers["quantity Used dimensions"] == [0.0]
    assert page.numbers["quantity Within-class JSD"] == [0.0]
    assert {"dimensions", "traversals", "sharing"}.isdisjoint(page.sections())


def test_one_used_dimension_is_written_in_the_singular(tmp_path, train, read_page):
    rows = data.digits(rows=300, test=60)
    torch.manual_seed(0)
    run = train(tmp_path / "run", rows, zoo.vsc(rows, dim=1, alpha=0.5, hidden=(32,)), epochs=20, lr=1e-2)
    assert "1 of 1 dimensions is used" in read_page(write_report(run)).text


class GammaPrior(PyroModule):
    def __init__(self):
        super().__init__()
        self.register_buffer("one", torch.ones(3))

    def forward(self, y=None, labelled=None):
        pyro.sample("extra", dist.Normal(self.one[:2], 1.0).to_event(1))
        return pyro.sample("w", dist.Gamma(self.one, self.one).to_event(1))


class GammaPosterior(PyroModule):
    def __init__(self, shape: tuple[int, ...]):
        super().__init__()
        self.encoder = MLPEncoder(shape, (16,))
        self.concentration, self.rate, self.extra = nn.Linear(16, 3), nn.Linear(16, 3), nn.Linear(16, 2)

    def forward(self, x, y=None, labelled=None):
        h = self.encoder(x)
        pyro.sample("extra", dist.Normal(self.extra(h), 1.0).to_event(1))
        rate = softplus(self.rate(h)) + 0.1
        return pyro.sample("w", dist.Gamma(softplus(self.concentration(h)) + 0.1, rate).to_event(1))


def test_a_code_of_another_family_without_labels_and_five_rows_has_a_page(tmp_path, train, read_page):
    x = torch.rand(45, 3, 8, 8)
    rows = DataSet("bare", Batch(x[:40]), Batch(x[40:]), Batch(x[40:]), (), "torch.rand")
    pair = zoo.compose(rows, prior=GammaPrior(), posterior=GammaPosterior)
    run = train(tmp_path / "run", rows, pair, epochs=2)
    page = read_page(write_report(run))
    assert "site w , Gamma" in page.text
    assert re.search(r"Their sum over all is at least \d", page.text)
    assert "Lower bounds from draws (InfoNCE)" in page.text
    assert "does not take them alone: extra" in page.text
    assert {"labels", "sharing", "quantity Within-class JSD"}.isdisjoint(page.sections() | page.numbers.keys())
    with xarray.open_dataset(run.folder / "posterior.nc", group="posterior") as posterior:
        assert posterior["w"].dims == ("chain", "draw", "row", "dimension")
        assert (posterior["w"].values > 0).all()
        assert posterior["extra"].shape == (1, 50, 5, 2)


def test_a_dense_run_beside_a_sparse_one_keeps_its_own_picture(sparse, tmp_path, train, read_page):
    rows = sparse[0].data
    run = train(tmp_path / "run", rows, zoo.vae(rows, dim=4, hidden=(16,)), epochs=2)
    page = read_page(write_report(run, sparse[0]))
    assert len(page.numbers["quantity Bound"]) == 2
    assert len(page.numbers["quantity Gates on"]) == 1
    assert len(list((run.folder / "figures").glob("heatmap*.png"))) == 2
