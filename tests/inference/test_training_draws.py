"""Draws for ArviZ: every value against the program it comes from, every axis by its name, for priors of any kind."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false, reportIndexIssue=false
# pyright: reportOperatorIssue=false, reportOptionalSubscript=false
# pyright: reportTypedDictNotRequiredAccess=false

import math

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.nn import PyroModule
from torch import nn

from pellucid import data, zoo
from pellucid.data import Batch, DataSet, named_labels
from pellucid.diagnostics import psis_k, to_arviz
from pellucid.guides import Guide, NormalPosterior
from pellucid.inference import Factor, Pair, Run, joint_draws, log_weight
from pellucid.models import LatentModel, Normal, NormalPrior
from tests.priors import Circle, Families, HatAndEyes, Horseshoe
from tests.zoo_pairs import PAIRS, Photos, Tiny, labels_of

S = 60


def run_of(pair, rows) -> Run:
    """An untrained run, which needs no folder to be drawn from."""
    return Run(None, pair, rows)


class Affine(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 4)

    def forward(self, z):
        return self.layer(z).unflatten(-1, (1, 2, 2))


class Flat(nn.Module):
    out_features = 4

    def forward(self, x):
        return x.flatten(1)


class OfLabels(Factor):
    """The mean label of the rows whose label is known: what no draw can change."""

    def forward(self, posterior, y, labelled):
        return posterior["z"].mean.new_zeros(()) if y is None else y[labelled].float().mean()


@pytest.fixture(scope="module")
def linear():
    """p(x) = N(b, W W' + s^2), under a posterior with the true mean that is too wide; two labels in three are known."""
    torch.manual_seed(0)
    model = LatentModel(NormalPrior(2), Affine(), Normal(scale=0.7, link="identity"), n_data=50)
    posterior, W, b = NormalPosterior(Flat(), 2), model.decoder.layer.weight, model.decoder.layer.bias
    with torch.no_grad():
        gain = torch.linalg.solve(0.49 * torch.eye(2) + W.T @ W, W.T)
        posterior.loc.weight.copy_(gain)
        posterior.loc.bias.copy_(-gain @ b)
        posterior.scale.weight.zero_()
        posterior.scale.bias.fill_(math.log(math.e - 1))
    y, known = torch.arange(50) % 2, torch.arange(50) % 3 > 0
    rows = Batch(torch.randn(50, 1, 2, 2), torch.where(known, y, -9), known)
    made = DataSet("gaussian", rows, rows, rows, classes=("even", "odd"), source="torch.randn")
    return run_of(Pair(model, Guide(posterior, n_data=50), [OfLabels("taught", 4.0)]), made)


@pytest.fixture(scope="module")
def drawn(linear):
    torch.manual_seed(1)
    return linear.draws(draws=1000)


def test_weights_are_those_of_the_evidence_and_the_sum_of_their_terms(linear, drawn):
    stats, layer = drawn["sample_stats"], linear.pair.model.decoder.layer
    covariance = layer.weight @ layer.weight.T + 0.49 * torch.eye(4)
    x = linear.data.test.x.flatten(1)
    exact = torch.distributions.MultivariateNormal(layer.bias, covariance).log_prob(x).detach()
    ratio = (stats["log_weight"].double() - exact).exp()
    assert ((ratio.mean(0) - 1).abs() < 5 * ratio.std(0) / math.sqrt(1000)).all()
    torch.testing.assert_close(stats["log_weight"], stats["log_p_x"] - stats["log_ratio_z"])
    assert psis_k(stats["log_weight"]).share == 0  # a wide posterior bounds its weights


def test_densities_are_of_the_draws_beside_them(linear, drawn):
    z, q = drawn["posterior"]["z"], linear.posterior()["z"]
    torch.testing.assert_close(
        drawn["sample_stats"]["log_ratio_z"], q.log_prob(z) - dist.Normal(0, 1).log_prob(z).sum(-1)
    )
    p = linear.pair.model.decode(z)
    torch.testing.assert_close(drawn["log_likelihood"]["x"], p.log_prob(linear.data.test.x).detach())


def test_predicted_images_are_draws_with_the_noise_of_the_likelihood(linear, drawn):
    noise = (drawn["posterior_predictive"]["x"] - linear.decode(drawn["posterior"]["z"])) / 0.7
    assert abs(noise.mean()) < 4 / math.sqrt(noise.numel())
    assert abs(noise.var() - 1) < 4 * math.sqrt(2 / noise.numel())


def test_draws_from_the_prior_have_seen_no_image(drawn):
    z = drawn["prior"]["z"]
    assert z.shape == drawn["posterior"]["z"].shape
    assert (z.mean(0).abs() < 5 / math.sqrt(1000)).all()
    assert ((z.var(0) - 1).abs() < 5 * math.sqrt(2 / 1000)).all()


def test_a_site_that_is_decoded_as_it_is_has_no_copy(drawn):
    assert list(drawn["posterior"]) == list(drawn["prior"]) == ["z"]
    assert drawn["dims"]["z"] == ["row", "dimension"]


def test_factors_have_the_labels_that_are_withheld_from_the_draws(linear, drawn):
    y, known = linear.data.test.y, linear.data.test.labelled
    expected = torch.full((1000,), 4 * float(y[known].double().mean()), dtype=torch.float64)
    torch.testing.assert_close(drawn["sample_stats"]["taught"], expected, check_dtype=False)


def test_rows_are_called_by_their_class_where_it_is_known(linear):
    groups = to_arviz(**linear.draws(draws=3, rows=6))
    assert groups["posterior"]["row_class"].values.tolist() == ["", "odd", "even", "", "even", "odd"]
    odd = groups["posterior"]["z"].where(groups["posterior"]["row_class"] == "odd", drop=True)
    assert odd["row"].values.tolist() == [1, 5]
    assert groups["constant_data"]["labelled"].values.tolist() == [False, True, True] * 2


def test_probabilities_average_to_those_of_the_labels_given_the_image():
    torch.manual_seed(0)
    rows = data.digits(rows=100, labels=50, validation=20, test=30)
    run = run_of(zoo.ccvae(rows, hidden=(8,)), rows)
    drawn = run.draws(draws=400)
    chance, exact = drawn["sample_stats"]["probability_y"], run.posterior()["y"].probs
    error = chance.std(0) / math.sqrt(400)
    assert ((chance.mean(0) - exact).abs() < 5 * error + 0.01).all()  # the exact one is by quadrature
    there = to_arviz(**drawn)["sample_stats"]["probability_y"].sel({"class": "7"})
    assert torch.equal(torch.from_numpy(there.values[0].copy()), chance[..., 7])


@pytest.fixture(scope="module")
def digits():
    return data.digits(rows=80, labels=40, validation=20, test=30)


def drawn_from(prior, rows):
    torch.manual_seed(0)
    return run_of(zoo.compose(rows, prior=prior), rows).draws(rows=7, draws=S)


def test_a_point_of_a_circle_is_the_code_of_its_angle_and_reach(digits):
    drawn = drawn_from(Circle(), digits)
    for group in (drawn["posterior"], drawn["prior"]):
        turn, reach = group["turn"], group["reach"]
        torch.testing.assert_close(group["code"], torch.stack([turn.cos(), turn.sin()], -1) * reach[..., None])
    assert {name: drawn["dims"][name] for name in drawn["posterior"]} == {
        "y": ["row"],
        "turn": ["row"],
        "reach": ["row"],
        "code": ["row", "dimension"],
    }
    assert drawn["coords"]["dimension"] == ["code[0]", "code[1]"]


def test_the_code_is_what_the_likelihood_was_given(digits):
    torch.manual_seed(0)
    run = run_of(zoo.compose(digits, prior=Circle()), digits)
    drawn, x = run.draws(rows=7, draws=5), run.split("test", 7).x
    expected = run.pair.model.decode(drawn["posterior"]["code"]).log_prob(x)
    torch.testing.assert_close(drawn["log_likelihood"]["x"], expected.detach())


def test_latents_of_the_whole_data_set_have_no_rows_and_stay_out_of_their_weights(digits):
    drawn = drawn_from(Families(), digits)
    stats = drawn["sample_stats"]
    assert drawn["posterior"]["family"].shape == (S, 2, 8)
    assert drawn["dims"]["centre"] == ["centre_axis0", "centre_axis1"]
    assert stats["log_ratio_centre"].shape == (S,)
    torch.testing.assert_close(stats["log_weight"], stats["log_p_x"] - stats["log_ratio_z"] - stats["log_ratio_y"])
    assert to_arviz(**drawn)["sample_stats"]["log_ratio_family"].dims == ("chain", "draw")


def test_a_horseshoe_has_its_spreads_beside_its_code(digits):
    drawn = drawn_from(Horseshoe(), digits)
    assert drawn["dims"]["spread"] == ["row", "spread_dimension"]
    assert drawn["dims"]["z"] == ["row", "dimension"]
    assert (drawn["posterior"]["spread"] > 0).all()


def test_label_sites_by_name_have_labels_and_probabilities_of_their_own():
    faces = named_labels(data.smiley(rows=60, labels=30, validation=20, test=20))
    drawn = drawn_from(HatAndEyes(), faces)
    seen, chance = drawn["constant_data"], drawn["sample_stats"]["probability_hat"]
    assert {"label_hat", "label_eyes"} <= set(seen)
    assert drawn["dims"]["probability_hat"] == drawn["dims"]["label_hat"] == ["row"]
    hat = drawn["posterior"]["hat"]
    assert (abs(hat.mean() - chance.mean())) < 5 * math.sqrt(0.25 / hat.numel())
    assert to_arviz(**drawn)["constant_data"]["label_eyes"].dims == ("row",)


def test_attributes_are_called_by_name():
    faces = data.smiley(rows=60, labels=30, validation=20, test=20)
    drawn = to_arviz(**run_of(zoo.m2(faces, dim=3, hidden=(8,)), faces).draws(rows=5, draws=4))
    for group, name in (("posterior", "y"), ("sample_stats", "probability_y")):
        assert drawn[group][name].sel(attribute="hat").shape == (1, 4, 5)
    assert drawn["constant_data"]["label"].dims == ("row", "attribute")


class Parts(PyroModule):
    """Three vectors a row in an inner plate, the image their mean and a noise of 1."""

    n_data = 12

    def __init__(self, scale: float, model: bool):
        super().__init__()
        self.scale, self.model = nn.Parameter(torch.tensor(scale)), model

    def forward(self, x, y=None, labelled=None):
        with pyro.plate("data", 12, subsample=torch.arange(len(x)), dim=-1):
            with pyro.plate("part", 3, dim=-2):
                z = pyro.sample("z", dist.Normal(x.new_zeros(4), self.scale).to_event(1))
            if self.model:
                pyro.sample("x", dist.Normal(z.mean(-3).reshape(-1, 1, 2, 2), 1.0).to_event(3), obs=x)


def test_plates_inside_a_row_come_after_it_and_are_summed_in_its_terms():
    torch.manual_seed(0)
    pair, x = Pair(Parts(1.0, True), Parts(0.5, False)), torch.randn(6, 1, 2, 2)
    drawn = joint_draws(pair, Batch(x), 20)
    z = drawn["posterior"]["z"]
    assert z.shape == (20, 6, 3, 4)
    assert drawn["dims"]["z"] == ["row", "part", "z_dimension"]
    ratio = (dist.Normal(0, 0.5).log_prob(z) - dist.Normal(0, 1).log_prob(z)).sum((-1, -2))
    likelihood = dist.Normal(z.mean(2).reshape(20, 6, 1, 2, 2), 1.0).log_prob(x).sum((-1, -2, -3))
    torch.testing.assert_close(drawn["sample_stats"]["log_weight"], likelihood - ratio)
    assert log_weight(pair, x).shape == (6,)
    assert drawn["prior"] is None  # a program that cannot be run without images
    assert to_arviz(**drawn)["posterior"]["z"].dims == ("chain", "draw", "row", "part", "z_dimension")


KINDS = ["vsc, mixture", "ccvae, sparse style", "exon, enumerated", "m2, drawn labels", "mvae, attributes", "shot_vae"]


@pytest.mark.parametrize("name", KINDS)
def test_terms_add_up_and_the_axis_called_dimension_is_what_was_decoded(name):
    torch.manual_seed(0)
    kind = Photos if name == "shot_vae" else Tiny
    pair, x, y = PAIRS[name](kind), torch.rand(6, *kind.shape), labels_of(name, torch.arange(6) % 3)
    drawn = joint_draws(pair, Batch(x, y), 3, kind.classes)
    stats, sites = drawn["sample_stats"], drawn["posterior"]
    ratios = [stats[f"log_ratio_{site}"] for site in sites if site != "code"]
    torch.testing.assert_close(stats["log_weight"], stats["log_p_x"] - sum(ratios))
    code = next(value for site, value in sites.items() if "dimension" in drawn["dims"][site])
    with torch.no_grad():
        expected = pair.model.eval().decode(code).log_prob(x)
    torch.testing.assert_close(drawn["log_likelihood"]["x"], expected)
    assert set(to_arviz(**drawn)["posterior"]) == set(sites)
    assert {factor.name for factor in pair.factors} <= set(stats)


def test_open_gates_are_those_that_are_not_zero(digits):
    run = run_of(zoo.vsc(digits, dim=9, hidden=(8,)), digits)
    drawn = run.draws(draws=5)
    assert torch.equal(drawn["sample_stats"]["open_gates_z"], (drawn["posterior"]["z"] != 0).sum(-1))
    assert (drawn["posterior"]["z"] == 0).any()  # gates are hard


def test_large_images_are_drawn_for_fewer_rows():
    rows = Batch(torch.rand(30, 3, 64, 64))
    run = run_of(zoo.vae(made := DataSet("large", rows, rows, rows, (), "torch.rand"), dim=2, hidden=(2,)), made)
    assert run.draws()["posterior_predictive"]["x"].shape == (50, 13, 3, 64, 64)
    assert run.draws(rows=2, draws=1)["observed_data"]["x"].shape == (2, 3, 64, 64)


def test_no_draws_are_refused_with_a_remedy(linear):
    with pytest.raises(ValueError, match=r"draws: expected at least 1; got 0\.\nTry one of:\n- draws=50"):
        linear.draws(draws=0)


def test_an_observed_site_of_the_prior_is_data_and_no_draw_of_it():
    class Tied(PyroModule):
        def forward(self, y=None, labelled=None):
            z = pyro.sample("z", dist.Normal(torch.zeros(2), 1.0).to_event(1))
            pyro.sample("sum", dist.Normal(z.sum(-1), 1.0), obs=torch.tensor(1.0))
            return z

    digits = data.digits(rows=20, validation=5, test=5)
    drawn = joint_draws(zoo.compose(digits, prior=Tied()), Batch(torch.rand(3, 1, 8, 8)), draws=4)
    assert drawn["prior"] is not None
    assert "sum" not in drawn["prior"]
    assert to_arviz(**drawn)["posterior"]["z"].shape == (1, 4, 3, 2)
