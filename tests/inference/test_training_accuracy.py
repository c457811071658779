"""Label accuracy in the metrics of a small semi-supervised pair, against a count by hand."""

# Splits may be Datasets and a module's attributes anything, as far as a checker can tell.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false, reportIndexIssue=false

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.nn import PyroModule
from torch import nn

from pellucid import data, fit, load, zoo
from pellucid.data import Batch, Batches, DataSet
from pellucid.distributions import Clamped
from pellucid.guides import Guide, classify
from pellucid.inference import Factor, Pair
from pellucid.inference.training.validate import validate
from pellucid.models import Bernoulli, LatentModel, label
from pellucid.networks import MLPDecoder


class ClassPrior(PyroModule):
    """p(y) uniform, p(z | y) a Normal about the class's centre."""

    def __init__(self):
        super().__init__()
        self.centre = nn.Parameter(torch.randn(10, 3))

    def forward(self, y=None, labelled=None):
        y = label("y", dist.Categorical(logits=self.centre.new_zeros(10)), y, labelled)
        return pyro.sample("z", dist.Normal(self.centre[y], 1.0).to_event(1))


class Classifier(PyroModule):
    """q(y | x) and q(z | x) from the pixels by one linear layer each."""

    def __init__(self):
        super().__init__()
        self.y, self.z = nn.Linear(64, 10), nn.Linear(64, 3)

    def forward(self, x, y=None, labelled=None):
        classify("y", dist.Categorical(logits=self.y(x.flatten(1))), y, labelled)
        pyro.sample("z", dist.Normal(self.z(x.flatten(1)), 0.5).to_event(1))


class Classification(Factor):
    """Cross-entropy of the known labels: clamped to them, q(y | x) learns nothing from the bound."""

    def forward(self, posterior, y, labelled):
        q = posterior.get("y")
        if not isinstance(q, Clamped):
            return 0.0 * posterior["z"].mean.sum()
        return -torch.where(q.known, q.base.log_prob(y), 0.0).mean()


def semi_supervised(digits):
    torch.manual_seed(0)
    model = LatentModel(ClassPrior(), MLPDecoder(3, (1, 8, 8), (16,)), Bernoulli(), digits.n_data)
    return Pair(model, Guide(Classifier(), digits.n_data), [Classification("classification", 10.0)])


@pytest.fixture(scope="module")
def digits():
    """100 of 300 training labels known; the others, were they read, would be out of range."""
    full = data.digits(rows=300, labels=100)
    y = torch.where(full.train.labelled, full.train.y, 99)
    return DataSet(
        "digits", Batch(full.train.x, y, full.train.labelled), full.validation, full.test, full.classes, full.source
    )


def by_hand(pair, split, known):
    with torch.no_grad():
        guess = pair.guide.guide.posterior.y(split.x.flatten(1) / 255).argmax(1)
    return float((guess == split.y)[known].double().mean())


def test_the_accuracy_of_every_epoch_is_the_share_of_right_labels_and_training_raises_it(digits, tmp_path):
    run = fit(
        semi_supervised(digits), digits, epochs=5, batch_size=50, lr=0.02, folder=tmp_path / "run", progress=False,
        accelerator="cpu",
    )  # fmt: skip
    share = [row["validation/accuracy(y)"] for row in run.history]
    everyone = torch.ones(180, dtype=torch.bool)
    assert share[-1] == pytest.approx(by_hand(run.pair, digits.validation, everyone), abs=1e-12)
    assert by_hand(semi_supervised(digits), digits.validation, everyone) < 0.3 < share[-1]
    again = load(run.folder, pair=semi_supervised(digits), data=digits)
    assert set(again.posterior("validation")) == {"y", "z"}
    assert (
        float((again.posterior("validation")["y"].logits.argmax(1) == digits.validation.y).double().mean()) == share[-1]
    )


@pytest.mark.parametrize("known", [0.9, 0.1])
def test_rows_without_a_label_neither_count_nor_matter_however_they_fall_into_batches(digits, known):
    pair, split = semi_supervised(digits).eval(), digits.validation
    labelled = torch.rand(180, generator=torch.Generator().manual_seed(0)) < known
    labelled[:60] = False  # whole batches without a label
    partial = Batch(split.x, torch.where(labelled, split.y, 99), labelled)
    for batch_size in (7, 60, 180):
        figures = validate(pair, Batches(partial, batch_size), seed=0)
        assert figures["accuracy(y)"] == pytest.approx(by_hand(pair, partial, labelled), abs=1e-12)


def test_a_split_without_labels_has_no_accuracy_and_the_same_bound(digits):
    pair, split = semi_supervised(digits), digits.validation
    none = torch.zeros(180, dtype=torch.bool)
    full, bare, blank = (
        validate(pair, Batches(rows, 60), seed=0) for rows in (split, Batch(split.x), Batch(split.x, split.y, none))
    )
    assert min(full.pop(f"{name}(y)") for name in ("accuracy", "information", "entropy")) > 0
    assert full.pop("classification") > bare.pop("classification") == blank.pop("classification") == 0
    assert full == bare == blank


def test_a_posterior_that_looks_at_the_labels_is_asked_without_them(digits):
    pair, split = zoo.mvae(digits, dim=12, hidden=(8,)), digits.validation
    with torch.no_grad():  # an expert that shouts the label, and a head that hears it
        pair.model.prior.classifier.weight.copy_(torch.eye(10, 12))
        pair.guide.posterior.table[0] = 50 * torch.eye(10, 12)
        pair.guide.posterior.table[1] = 100.0
    shouted = pair.guide.posterior.given(split.x.float() / 255, split.y).mean @ pair.model.prior.classifier.weight.T
    assert bool((shouted.argmax(1) == split.y).all())
    assert validate(pair, Batches(split, 60), seed=0)["accuracy(y)"] < 0.4
