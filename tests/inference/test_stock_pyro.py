"""Every pair under Pyro's own objectives, with nothing of ours in the loop."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from typing import ClassVar

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.infer import Predictive, Trace_ELBO, TraceEnum_ELBO, TraceMeanField_ELBO
from pyro.infer.autoguide import AutoNormal
from pyro.nn import PyroModule
from torch import nn

from pellucid import Pair, zoo
from pellucid.guides import classify
from pellucid.inference import ELBO, ClassConsistency
from pellucid.models import label
from pellucid.networks import MLPEncoder

# Trace_ELBO warns that it samples what TraceEnum_ELBO would sum out: that is what is compared here.
# TraceEnum_ELBO suspects a loss factor behind a label: it depends on the classifier, and not on what is drawn.
pytestmark = [
    pytest.mark.filterwarnings("ignore:(?s).*If you want to enumerate sites"),
    pytest.mark.filterwarnings('ignore:(?s).*at guide site "(supervision|label_evidence|interpolation)", possibly'),
]


class Tiny:
    shape: ClassVar[tuple[int, ...]] = (1, 4, 4)
    n_data: ClassVar[int] = 50


X = torch.rand(20, 1, 4, 4, generator=torch.Generator().manual_seed(0))
Y, LABELLED = torch.arange(20) % 3, torch.arange(20) < 12


class ClassPrior(PyroModule):
    """z ~ N(loc_y, 1) with a learned table of locations and of class weights."""

    def __init__(self):
        super().__init__()
        self.logits, self.loc = nn.Parameter(torch.zeros(3)), nn.Parameter(torch.randn(3, 4))

    def forward(self, y=None, labelled=None):
        k = label("y", dist.Categorical(logits=self.logits), y, labelled)
        return pyro.sample("z", dist.Normal(self.loc[k], 1.0).to_event(1))


class ClassPosterior(PyroModule):
    """q(y | x) q(z | x, y)."""

    def __init__(self, shape):
        super().__init__()
        self.encoder = MLPEncoder(shape, (16,))
        self.classifier, self.offset, self.loc = nn.Linear(16, 3), nn.Embedding(3, 4), nn.Linear(16, 4)
        self.log_scale = nn.Linear(16, 4)

    def forward(self, x, y=None, labelled=None):
        h = self.encoder(x)
        k = classify("y", dist.Categorical(logits=self.classifier(h)), y, labelled)
        pyro.sample("z", dist.Normal(self.loc(h) + self.offset(k), self.log_scale(h).exp()).to_event(1))


class Labelled(Tiny):
    classes: ClassVar[tuple[str, ...]] = ("a", "b", "c")
    attributes: ClassVar[bool] = False


SMALL = {"dim": 4, "hidden": (16,)}
PAIRS = {
    "vae": lambda: zoo.vae(Tiny, likelihood="normal", **SMALL),
    "beta_vae": lambda: zoo.beta_vae(Tiny, **SMALL),
    "vsc": lambda: zoo.vsc(Tiny, **SMALL),
    "vsc-consistent": lambda: zoo.vsc(Tiny, consistency=5.0, **SMALL),
    "vsc-hard": lambda: zoo.vsc(Tiny, relaxed=False, **SMALL),
    "vsc-hard-consistent": lambda: zoo.vsc(Tiny, relaxed=False, consistency=5.0, **SMALL),
    "ccvae": lambda: zoo.ccvae(Labelled, style=4, hidden=(16,)),
    "diva": lambda: zoo.diva(Labelled, style=4, hidden=(16,)),
    "m2": lambda: zoo.m2(Labelled, **SMALL),
    "exon": lambda: zoo.exon(Labelled, dim=4, draw="enumerated", clamp=True, supervision=2.0, hidden=(16,)),
    "mvae": lambda: zoo.mvae(Labelled, **SMALL),
    "shot_vae": lambda: zoo.shot_vae(Labelled, **SMALL),
    "composed": lambda: zoo.compose(Tiny, prior=ClassPrior(), posterior=ClassPosterior),
}
# TraceMeanField_ELBO takes reparameterised guides only: no hard gates and no sampled label.
OBJECTIVES = {name: [Trace_ELBO, TraceMeanField_ELBO] for name in ("vae", "beta_vae", "vsc", "vsc-consistent")}
OBJECTIVES |= {"vsc-hard": [Trace_ELBO], "vsc-hard-consistent": [Trace_ELBO], "composed": [Trace_ELBO, TraceEnum_ELBO]}
OBJECTIVES |= {name: [Trace_ELBO, TraceEnum_ELBO] for name in ("ccvae", "diva", "exon", "m2", "mvae", "shot_vae")}


def make(name):
    torch.manual_seed(0)
    return PAIRS[name]()


@pytest.mark.parametrize(("name", "elbo"), [(n, e) for n, es in OBJECTIVES.items() for e in (*es, ELBO)])
def test_a_torch_optimiser_over_the_loss_moves_every_parameter_of_model_and_guide(name, elbo):
    pair = make(name)
    loss = (
        elbo()(pair.model, pair.guide)
        if elbo is not TraceEnum_ELBO
        else elbo(max_plate_nesting=1)(pair.model, pair.guide)
    )
    own = {id(p) for p in (*pair.model.parameters(), *pair.guide.parameters())}
    assert {id(p) for p in loss.parameters()} == own
    optimiser = torch.optim.Adam(loss.parameters(), lr=1e-2)
    before = {n: p.detach().clone() for n, p in pair.named_parameters()}
    values = []
    for _ in range(25):
        optimiser.zero_grad()
        value = loss(X, Y, LABELLED)
        value.backward()
        optimiser.step()
        values.append(float(value.detach()))
    for n, p in pair.named_parameters():
        assert not torch.equal(p, before[n]), f"{n} has not moved"
    assert sum(values[-5:]) < sum(values[:5])


def draws(evaluate, count):
    with torch.no_grad():
        return torch.stack([torch.as_tensor(evaluate()) for _ in range(count)])


@pytest.mark.parametrize("name", ["vae", "vsc-hard", "vsc-hard-consistent"])
def test_sampled_stock_bound_agrees_with_ours_within_four_standard_errors(name):
    pair = make(name)
    stock = draws(lambda: Trace_ELBO().loss(pair.model, pair.guide, X, Y, LABELLED) / Tiny.n_data, 200)
    ours = draws(lambda: pair(X, Y, LABELLED).loss, 200)
    error = ((stock.var() + ours.var()) / 200) ** 0.5
    assert abs(stock.mean() - ours.mean()) < 4 * error
    assert error < 0.05  # nats per row: the test can see a misplaced term


@pytest.mark.parametrize("name", ["composed", "diva", "exon", "m2", "shot_vae"])
def test_sampled_stock_bound_of_a_partly_labelled_pair_agrees_with_ours(name):
    pair = make(name)
    enumerated = TraceEnum_ELBO(max_plate_nesting=1)
    stock = draws(lambda: Trace_ELBO().loss(pair.model, pair.guide, X, Y, LABELLED) / Tiny.n_data, 200)
    summed = draws(lambda: enumerated.loss(pair.model, pair.guide, X, Y, LABELLED) / Tiny.n_data, 200)
    ours = draws(lambda: pair(X, Y, LABELLED).loss, 200)
    for other in (stock, summed):
        assert abs(other.mean() - ours.mean()) < 4 * (other.var() / len(other) + ours.var() / 200) ** 0.5


@pytest.mark.parametrize("name", ["vae", "vsc", "vsc-consistent"])
def test_mean_field_stock_bound_is_ours_under_one_seed_and_so_is_its_gradient(name):
    pair = make(name)
    torch.manual_seed(7)
    stock = TraceMeanField_ELBO().differentiable_loss(pair.model, pair.guide, X, Y, LABELLED) / Tiny.n_data
    torch.manual_seed(7)
    ours = pair(X, Y, LABELLED).loss
    assert abs(stock - ours) < 1e-5 * max(1.0, abs(float(ours.detach())))
    parameters = list(pair.parameters())
    for a, b in zip(torch.autograd.grad(stock, parameters), torch.autograd.grad(ours, parameters), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)


def test_mean_field_stock_bound_is_ours_to_1e_5_absolute_in_double_precision():
    pair = make("vsc-consistent").double()
    x, results = X.double(), []
    for evaluate in (
        lambda: TraceMeanField_ELBO().differentiable_loss(pair.model, pair.guide, x, Y, LABELLED) / Tiny.n_data,
        lambda: pair(x, Y, LABELLED).loss,
    ):
        torch.manual_seed(7)
        results.append(evaluate())
    assert results[0].dtype == torch.float64
    assert abs(results[0] - results[1]) < 1e-10


@pytest.mark.parametrize("name", list(PAIRS))
def test_predictive_draws_posterior_codes_and_images(name):
    pair = make(name).eval()
    with torch.no_grad():
        drawn = Predictive(pair.guide, num_samples=5)(X)
        images = Predictive(pair.model, posterior_samples={"z": drawn["z"]}, return_sites=["x"])(None, rows=20)["x"]
        prior = Predictive(pair.model, num_samples=6, return_sites=["x", "z"])(None, rows=3)
        joint = Predictive(pair.model, guide=pair.guide, num_samples=4, return_sites=["z", "x"])(X)
    assert drawn["z"].shape == (5, 20, 4)
    assert images.shape == (5, *X.shape)
    assert prior["x"].shape == (6, 3, 1, 4, 4)
    assert torch.equal(joint["x"], X.expand(4, *X.shape))
    assert drawn["z"].std(0).min() >= 0
    if name.startswith("vsc"):
        assert (drawn["z"] == 0).any()  # hard gates in evaluation mode


def test_predictive_through_model_and_guide_uses_the_guides_codes():
    pair = make("vae").eval()
    nn.init.zeros_(pair.guide.posterior.loc.weight)
    nn.init.constant_(pair.guide.posterior.loc.bias, 9.0)
    codes = Predictive(pair.model, guide=pair.guide, num_samples=4, return_sites=["z"])(X)["z"]
    assert (codes.mean() - 9).abs() < 0.2


def test_two_pairs_in_one_process_share_nothing():
    one, two = make("vae"), make("vae")
    kept = [p.detach().clone() for p in two.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    loss = Trace_ELBO()(one.model, one.guide)
    optimiser = torch.optim.SGD(loss.parameters(), lr=0.1)
    loss(X).backward()
    optimiser.step()
    assert all(p.grad is None and torch.equal(p, k) for p, k in zip(two.parameters(), kept, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(one.parameters(), kept, strict=True))
    assert len(pyro.get_param_store()) == 0


def test_a_pair_can_be_given_factors_after_the_fact_without_copying_its_guide():
    plain = make("vsc")
    pair = Pair(plain.model, plain.guide, [ClassConsistency(1.0)])
    assert {id(p) for p in plain.parameters()} == {id(p) for p in pair.parameters()}


def test_an_autoguide_with_a_constrained_latent_has_the_bound_of_trace_elbo():
    # its Delta carries a Jacobian, which Pyro's divergence of a Delta (and so TraceMeanField_ELBO) leaves out
    class Model(PyroModule):
        def forward(self, x, y=None, labelled=None):
            with pyro.plate("data", len(x)):
                scale = pyro.sample("scale", dist.LogNormal(0.3, 0.5))
                pyro.sample("x", dist.Normal(0.0, scale), obs=x)

    torch.manual_seed(0)
    model, x = Model(), torch.randn(6)
    guide = AutoNormal(model)
    guide(x)
    for name, p in guide.named_parameters():
        p.data.add_(1.0 if "locs" in name else 0.0)
    results = []
    for elbo, rows in ((Trace_ELBO(), 6), (ELBO(), 1)):
        torch.manual_seed(1)
        results.append(elbo.differentiable_loss(model, guide, x).detach() / rows)
    torch.testing.assert_close(*results)
