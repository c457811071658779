"""One seed, one run: bit for bit, whatever the global generator held before."""

# Splits may be Datasets and a module's attributes anything, as far as a checker can tell.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import pytest
import torch
from torch import nn

from pellucid import data, fit, zoo
from pellucid.inference.training.preflight import preflight


@pytest.fixture(scope="module")
def digits():
    return data.digits(rows=300)


def trained(digits, folder, seed, noise=0):
    torch.manual_seed(0)
    pair = zoo.vsc(digits, dim=3, hidden=(16,), consistency=2.0)
    torch.rand(noise)
    settings = {"epochs": 2, "batch_size": 50, "seed": seed, "progress": False, "accelerator": "cpu"}
    run = fit(pair, digits, folder=folder, **settings)
    return run.pair.state_dict(), [{**row, "seconds": 0} for row in run.history]


def test_the_same_seed_repeats_a_run_bit_for_bit_and_another_does_not(digits, tmp_path):
    first, history = trained(digits, tmp_path / "first", seed=3)
    again, repeated = trained(digits, tmp_path / "again", seed=3, noise=17)
    other, differing = trained(digits, tmp_path / "other", seed=4)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert history == repeated != differing
    assert not torch.equal(first["model.decoder.layers.0.weight"], other["model.decoder.layers.0.weight"])


def test_the_check_before_training_leaves_no_trace(digits):
    pair = zoo.vsc(digits, dim=3, hidden=(16,))
    pair.guide.posterior.encoder = nn.Sequential(pair.guide.posterior.encoder, nn.BatchNorm1d(16))
    before = {name: tensor.clone() for name, tensor in pair.state_dict().items()}
    torch.manual_seed(7)
    expected = torch.rand(5)
    torch.manual_seed(7)
    preflight(pair, digits, batch_size=50)
    assert torch.equal(torch.rand(5), expected)
    assert any("running_mean" in name for name in before)
    assert all(torch.equal(tensor, before[name]) for name, tensor in pair.state_dict().items())
