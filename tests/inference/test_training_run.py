"""A run's own readings: splits, decoded images, reconstruction, importance weights."""

# Splits may be Datasets and a module's attributes anything, as far as a checker can tell.
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false

import math

import pytest
import torch
from pyro.nn import PyroModule
from torch import nn

from pellucid import data, fit, load, zoo
from pellucid.data import Batch, DataSet
from pellucid.guides import Guide, NormalPosterior
from pellucid.inference import Factor, Pair
from pellucid.inference.training import Run
from pellucid.models import LatentModel, Normal, NormalPrior


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    digits = data.digits(rows=100)
    settings = {"epochs": 2, "batch_size": 50, "progress": False, "accelerator": "cpu"}
    return fit(zoo.vae(digits, dim=3, hidden=(16,)), digits, folder=tmp_path_factory.mktemp("run") / "run", **settings)


def test_load_gives_back_the_run_from_its_folder_alone(run):
    again = load(str(run.folder))
    there, here = run.pair.state_dict(), again.pair.state_dict()
    assert all(torch.equal(there[name], here[name]) for name in there)
    assert not again.pair.training
    assert again.history == run.history
    assert torch.equal(again.data.train.x, run.data.train.x)
    assert again.config["fit"]["epochs"] == 2


def test_a_split_is_its_rows_as_floats_and_the_first_of_them_on_demand(run):
    assert torch.equal(run.split("validation").x, run.data.validation.x.float() / 255)
    assert torch.equal(run.split("test", rows=7).y, run.data.test.y[:7])
    assert run.split("test", rows=7).x.shape == (7, 1, 8, 8)
    assert run.split("train", rows=1000).rows == 100


def test_decode_gives_the_mean_image_of_each_code_whatever_the_leading_shape_and_the_batch_size(run):
    z = torch.randn(2, 5, 3)
    with torch.no_grad():
        expected = run.pair.model.decoder(z).sigmoid()
    assert run.decode(z).shape == (2, 5, 1, 8, 8)
    torch.testing.assert_close(run.decode(z), expected)
    torch.testing.assert_close(run.decode(z, batch_size=3), expected)


def test_reconstruction_is_the_cross_entropy_of_each_image_under_its_decoded_code(run):
    z, x = torch.randn(11, 3), run.split("test", rows=11).x
    logits = run.pair.model.decoder(z).detach()
    expected = nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum((1, 2, 3))
    torch.testing.assert_close(run.reconstruction(z, x), expected)
    torch.testing.assert_close(run.reconstruction(z, x, batch_size=4), expected)


class Affine(nn.Module):
    """x = W z + b, shaped as images of 4 pixels."""

    def __init__(self, dim: int):
        super().__init__()
        self.layer = nn.Linear(dim, 4)

    def forward(self, z):
        return self.layer(z).unflatten(-1, (1, 2, 2))


class Flat(nn.Module):
    """The pixels themselves as features."""

    out_features = 4

    def forward(self, x):
        return x.flatten(1)


class Heavy(Factor):
    """A factor that would be seen a mile off."""

    def forward(self, posterior, y, labelled):
        return 8 + posterior["z"].mean.square().sum(-1).mean()


@pytest.fixture(scope="module")
def linear():
    """A linear Gaussian pair under a factor of weight 100, as a run; p(x) = N(b, W W' + s^2) in closed form."""
    torch.manual_seed(0)
    model = LatentModel(NormalPrior(2), Affine(2), Normal(scale=0.7, link="identity"), n_data=50)
    posterior, W, b = NormalPosterior(Flat(), 2), model.decoder.layer.weight, model.decoder.layer.bias
    with (
        torch.no_grad()
    ):  # the true posterior's mean, and the prior's scale: wider than the true one, so weights are bounded
        gain = torch.linalg.solve(0.49 * torch.eye(2) + W.T @ W, W.T)
        posterior.loc.weight.copy_(gain)
        posterior.loc.bias.copy_(-gain @ b)
        posterior.scale.weight.zero_()
        posterior.scale.bias.fill_(math.log(math.e - 1))
    pair = Pair(model, Guide(posterior, n_data=50), [Heavy("heavy", 100.0)])
    x = torch.randn(50, 1, 2, 2)
    rows = Batch(x)
    made = DataSet("gaussian", rows, rows, rows, classes=(), source="torch.randn")
    return Run(None, pair, made)  # type: ignore[arg-type]  # nothing here reads the folder


def test_importance_weights_average_to_the_exact_evidence_of_a_linear_gaussian_model(linear):
    layer, x = linear.pair.model.decoder.layer, linear.data.test.x
    covariance = layer.weight @ layer.weight.T + 0.49 * torch.eye(4)
    exact = torch.distributions.MultivariateNormal(layer.bias, covariance).log_prob(x.flatten(1)).detach()

    K = 1000
    torch.manual_seed(1)
    weights = linear.log_weight(x.repeat(K, 1, 1, 1)).reshape(K, 50).double()
    ratio = (weights - exact).exp()  # of mean 1
    error = ratio.std(0) / math.sqrt(K)
    assert ((ratio.mean(0) - 1).abs() < 5 * error).all()
    assert error.max() < 0.1
    assert weights.mean() < exact.mean()  # Jensen


def test_importance_weights_and_their_shape_are_the_rows(linear):
    assert linear.log_weight(linear.data.test.x[:3]).shape == (3,)


def test_a_factor_moves_the_loss_and_no_importance_weight(linear):
    x, bare = linear.data.test.x, Pair(linear.pair.model, linear.pair.guide.guide)
    torch.manual_seed(2)
    with_factor = linear.log_weight(x)
    torch.manual_seed(2)
    without = Run(None, bare, linear.data).log_weight(x)  # type: ignore[arg-type]
    assert torch.equal(with_factor, without)
    assert linear.pair(x).loss > bare(x).loss + 700
    assert isinstance(linear.pair.guide, PyroModule)
