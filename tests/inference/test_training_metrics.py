"""The figures of a run: their columns, their sum, and that validation's depend on nothing but the weights."""

import csv

import pytest
import torch

from pellucid import data, fit, zoo
from pellucid.data import Batches
from pellucid.inference import ClassConsistency, Factor, Pair
from pellucid.inference.objective import ELBO
from pellucid.inference.training.validate import validate

SETTINGS = {"epochs": 2, "batch_size": 50, "progress": False, "accelerator": "cpu"}


class Energy(Factor):
    def forward(self, posterior, y, labelled):
        return posterior["z"].mean.square().sum(-1).mean()


@pytest.fixture(scope="module")
def digits():
    return data.digits(rows=300)


def rich(digits):
    """A pair with a weighted KL and two factors."""
    torch.manual_seed(0)
    made = zoo.vsc(digits, dim=3, hidden=(16,))
    return Pair(made.model, made.guide, [ClassConsistency(3.0), Energy("energy", 0.5)], ELBO(kl_weight=2.5))


@pytest.fixture(scope="module")
def run(digits, tmp_path_factory):
    return fit(rich(digits), digits, folder=tmp_path_factory.mktemp("rich") / "run", **SETTINGS)


def test_metrics_csv_has_a_row_an_epoch_and_a_column_a_term(run):
    with (run.folder / "metrics.csv").open(newline="") as file:
        columns, *rows = csv.reader(file)
    terms = ["bound", "log p(x)", "kl(z)", "consistency", "energy"]
    assert columns == [
        "epoch",
        *(f"train/{name}" for name in ["loss", *terms]),
        *(f"validation/{name}" for name in [*terms, "open(z)", "live(z)", "between(z)"]),
        *("weight/consistency", "weight/energy", "weight/kl", "lr", "seconds"),
    ]
    assert [row[0] for row in rows] == ["1", "2"]
    assert [float(row[columns.index("lr")]) for row in rows] == [1e-3, 1e-3]


def test_the_loss_is_the_negative_bound_with_its_kl_weighted_and_the_factors_added(run):
    for row in run.history:
        t = {name.removeprefix("train/"): value for name, value in row.items()}
        assert t["bound"] == pytest.approx(t["log p(x)"] - t["kl(z)"], rel=1e-5)
        assert t["loss"] == pytest.approx(-t["bound"] + 1.5 * t["kl(z)"] + t["consistency"] + t["energy"], rel=1e-5)
        assert row["validation/bound"] == pytest.approx(row["validation/log p(x)"] - row["validation/kl(z)"], rel=1e-5)


def test_an_epochs_training_figures_are_means_over_its_rows(digits, tmp_path):
    seen = []

    class Spy(Energy):
        def forward(self, posterior, y, labelled):
            value = super().forward(posterior, y, labelled)
            if self.training and len(y) == 50:
                seen.append(float(value.detach()))
            return value

    made = zoo.vae(digits, dim=3, hidden=(16,))
    run = fit(Pair(made.model, made.guide, [Spy("spy", 2.0)]), digits, folder=tmp_path / "run", **SETTINGS)
    assert len(seen) == 12
    assert [row["train/spy"] for row in run.history] == pytest.approx([sum(seen[:6]) / 3, sum(seen[6:]) / 3], rel=1e-5)


def test_the_validation_bound_is_the_mean_bound_of_rows_with_hard_gates_and_no_labels(run, digits):
    """Against the spike-and-slab bound written out by hand, averaged over draws."""
    pair, x = run.pair, digits.validation.x / 255
    with torch.no_grad():
        q = pair.guide.guide.posterior.eval().encode(x).base_dist
    gate, loc, variance, alpha = q.gate, q.loc, q.scale**2, torch.tensor(0.05)
    kl = gate * ((gate / alpha).log() + (variance + loc**2 - 1 - variance.log()) / 2)
    kl = (kl + (1 - gate) * ((1 - gate) / (1 - alpha)).log()).sum(1)
    draws = []
    with torch.no_grad():
        for _ in range(400):
            on = torch.rand(gate.shape) < gate
            z = on * (loc + variance.sqrt() * torch.randn(gate.shape))
            logits = pair.model.decoder(z)
            draws.append((x * logits - torch.nn.functional.softplus(logits)).sum((1, 2, 3)).mean())
    draws = torch.stack(draws)
    assert run.history[-1]["validation/kl(z)"] == pytest.approx(float(kl.mean()), rel=1e-4)
    assert abs(run.history[-1]["validation/log p(x)"] - float(draws.mean())) < 4 * float(draws.std())


def test_validation_figures_repeat_exactly_and_depend_on_no_state_of_the_generator(run, digits):
    batches = Batches(digits.validation, 500)
    torch.manual_seed(1)
    first = validate(run.pair, batches, seed=0)
    torch.rand(1000)
    assert validate(run.pair, batches, seed=0) == first
    assert {f"validation/{name}": value for name, value in first.items()}.items() <= run.history[-1].items()
    assert validate(run.pair, batches, seed=1)["log p(x)"] != first["log p(x)"]


def test_validation_leaves_the_generator_the_mode_and_the_weights_as_they_were(run, digits):
    run.pair.train()
    torch.manual_seed(7)
    expected, before = torch.rand(5), {name: tensor.clone() for name, tensor in run.pair.state_dict().items()}
    torch.manual_seed(7)
    validate(run.pair, Batches(digits.validation, 500), seed=0)
    assert torch.equal(torch.rand(5), expected)
    assert run.pair.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in run.pair.state_dict().items())
    run.pair.eval()
