"""The zoo's pairs are the papers' models, build from any shape, and live where they are built."""

# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportOptionalMemberAccess=false

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.nn import PyroModule
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.symbolic_shapes import ShapeEnv

from pellucid import zoo
from pellucid.distributions import SpikeAndSlab
from pellucid.inference import aggregate_sparsity, class_consistency
from pellucid.inference.pyro_checks import UNCHECKED
from pellucid.models import NormalPrior, label
from pellucid.schedules import Ramp
from tests.zoo_pairs import PAIRS, ClassPosterior, Photos, Tiny, labels_of

X = torch.rand(6, *Tiny.shape, generator=torch.Generator().manual_seed(0))
Y = torch.tensor([0, 1, 0, 1, 2, 2])


@pytest.mark.parametrize("name", list(PAIRS))
@pytest.mark.parametrize("training", [True, False])
def test_nothing_of_a_pair_built_on_another_device_is_left_on_the_cpu(name, training):
    unchecked = pyro.settings.context(**UNCHECKED)
    with unchecked, FakeTensorMode(shape_env=ShapeEnv(allow_dynamic_output_shape_ops=True)):
        with torch.device("cuda"):
            pair = PAIRS[name](Tiny).train(training)
            x, y, labelled = (
                torch.rand(6, *Tiny.shape),
                labels_of(name, torch.zeros(6, dtype=torch.long)),
                torch.ones(6, dtype=torch.bool),
            )
        tensors = {n: t.device.type for n, t in (*pair.named_parameters(), *pair.named_buffers())}
        assert set(tensors.values()) == {"cuda"}, tensors
        for batch in ((x,), (x, y), (x, y, labelled)):
            terms = pair(*batch)
            found = (terms.loss, terms.bound, *terms.kl.values(), *terms.factors.values(), *terms.summary().values())
            assert {t.device.type for t in found} == {"cuda"}


@pytest.mark.parametrize("name", list(PAIRS))
def test_the_backward_pass_of_every_pair_stays_on_its_device(name):
    with pyro.settings.context(**UNCHECKED):
        pair = PAIRS[name](Tiny).to("meta")
        x, y, labelled = (each.to("meta") for each in (X, labels_of(name, Y), Y > 0))
        for batch in ((x,), (x, y), (x, y, labelled)):
            pair(*batch).loss.backward()
    moved = {n: p.grad.device.type for n, p in pair.named_parameters() if p.grad is not None}
    assert set(moved.values()) == {"meta"}
    assert moved.keys() == {n for n, _ in pair.named_parameters()}


@pytest.mark.parametrize("likelihood", ["bernoulli", "normal", "normal-per-pixel", "normal-real", "laplace"])
@pytest.mark.parametrize(("network", "data"), [("mlp", Tiny), ("conv", Photos), ("recurrent", Photos)])
def test_every_network_and_likelihood_gives_a_finite_gradient_to_every_parameter(network, data, likelihood):
    torch.manual_seed(0)
    pair = zoo.vsc(data, dim=4, hidden=(8,), network=network, likelihood=likelihood)
    pair(torch.rand(3, *data.shape)).loss.backward()
    for name, p in pair.named_parameters():
        assert p.grad.isfinite().all(), name
        assert p.grad.any(), name


def seeded(pair, *batch):
    torch.manual_seed(1)
    return pair(*batch)


def test_beta_vae_is_the_vae_with_its_kl_weighted_and_the_same_bound():
    torch.manual_seed(0)
    plain = zoo.vae(Tiny, dim=3)
    torch.manual_seed(0)
    heavy = zoo.beta_vae(Tiny, dim=3, beta=4.0)
    a, b = seeded(plain, X), seeded(heavy, X)
    assert torch.equal(a.bound, b.bound)
    torch.testing.assert_close(b.loss - a.loss, 3 * a.kl["z"].mean())


def test_vsc_is_its_closed_form_kl_and_its_factor():
    torch.manual_seed(0)
    pair = zoo.vsc(Tiny, dim=5, alpha=0.2, consistency=3.0)
    terms = seeded(pair, X, Y)
    q = pair.guide.guide.posterior.encode(X).base_dist
    gate, s, m = q.gate, q.scale, q.loc
    kl = gate * (-s.log() + (s**2 + m**2) / 2 - 0.5)
    kl = kl + (1 - gate) * ((1 - gate) / 0.8).log() + gate * (gate / 0.2).log()
    torch.testing.assert_close(terms.kl["z"], kl.sum(1))
    torch.testing.assert_close(terms.factors["consistency"], 3 * class_consistency(gate, Y))


def test_consistency_zero_builds_plain_vsc_and_a_schedule_from_zero_builds_the_factor():
    assert zoo.vsc(Tiny).factors == []
    assert [f.name for f in zoo.vsc(Tiny, consistency=Ramp(0, 3)).factors] == ["consistency"]


@pytest.mark.parametrize("network", ["mlp", "conv"])
@pytest.mark.parametrize("selector", ["source", "variational"])
def test_vsc_at_pseudo_inputs_adds_the_aggregate_term_and_the_charge_of_a_variational_selector(network, selector):
    torch.manual_seed(0)
    options = {"dim": 4, "hidden": (8,), "network": network, "prior": "pseudo-inputs", "selector": selector}
    pair = zoo.vsc(Photos, alpha=0.2, consistency=Ramp(0, 3), pseudo_inputs=3, **options)
    terms = pair(torch.rand(6, *Photos.shape), Y)
    assert pair.model.prior.images.shape == (3, *Photos.shape)
    assert list(terms.factors) == ["aggregate", "consistency"]
    assert set(terms.kl) == ({"z"} if selector == "source" else {"u", "z"})
    torch.testing.assert_close(terms.factors["aggregate"], aggregate_sparsity(pair.model.prior.gates(), 0.2))


def test_a_fixed_prior_takes_no_notice_of_what_belongs_to_the_other():
    pairs = []
    for options in ({}, {"pseudo_inputs": 3, "selector": "variational", "prior": "fixed"}):
        torch.manual_seed(0)
        pairs.append(zoo.vsc(Tiny, **options))
    assert torch.equal(seeded(pairs[0], X).loss, seeded(pairs[1], X).loss)


@pytest.mark.parametrize("make", [zoo.vsc, zoo.class_vsc])
def test_class_information_reaches_the_gates_of_a_convolutional_guide(make):
    torch.manual_seed(0)
    weights = {"strength": 3.0} if make is zoo.class_vsc else {"consistency": 3.0}
    pair = make(Photos, dim=4, network="conv", separation=1.0, **weights)
    terms = pair(torch.rand(6, *Photos.shape), Y)
    sum(terms.factors.values()).backward()
    posterior = pair.guide.guide.posterior
    assert all(p.grad.any() for p in (*posterior.gate.parameters(), *posterior.encoder.parameters()))
    assert posterior.loc.weight.grad is None


def test_reported_bound_of_vsc_in_evaluation_is_that_of_hard_gates():
    torch.manual_seed(0)
    pair = zoo.vsc(Tiny, dim=3, hidden=(8,)).eval()
    q = pair.guide.posterior.encode(X)
    assert type(q.base_dist) is SpikeAndSlab
    bound = torch.stack([pair(X).bound.detach() for _ in range(300)])
    z = q.sample((20_000,))
    inside = pair.model.decode(z).log_prob(X).mean(0) - seeded(pair, X).kl["z"]
    assert ((bound.mean(0) - inside).abs() < 4.5 * bound.std(0) / 300**0.5 + 0.01).all()


class SharedPrior(PyroModule):
    def shared(self):
        return pyro.sample("table", dist.Normal(torch.zeros(3, 7), 1.0).to_event(2))

    def forward(self, y, labelled, table):
        k = label("y", dist.Categorical(torch.ones(3)), y, labelled)
        return pyro.sample("z", dist.Normal(table[k], 1.0).to_event(1))


def test_compose_learns_the_latent_dimension_from_a_draw_that_leaves_no_trace():
    for _ in range(5):  # the drawn label varies, the table is one for all
        assert zoo.compose(Tiny, prior=SharedPrior(), posterior=ClassPosterior).model.decoder.dim == 7
    before = torch.random.get_rng_state()
    zoo.compose(Tiny, prior=NormalPrior(4), posterior=lambda _: nn.Identity(), decoder=lambda dim, shape: nn.Identity())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_arguments_that_name_nothing_are_refused():
    with pytest.raises(ValueError, match="network: expected 'mlp', 'conv' or 'recurrent'; given 'rnn'"):
        zoo.vae(Tiny, network="rnn")  # pyright: ignore[reportArgumentType]
    with pytest.raises(
        ValueError, match=r"likelihood: expected one of bernoulli, normal, .*, laplace; given 'poisson'"
    ):
        zoo.vae(Tiny, likelihood="poisson")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="channels: expected None beside network='mlp'"):
        zoo.vae(Tiny, channels=(3, 4))
    with pytest.raises(ValueError, match="alpha: expected a probability"):
        zoo.vsc(Tiny, alpha=1.5)
    with pytest.raises(ValueError, match="at least 0; given -1"):
        zoo.vsc(Tiny, consistency=-1.0)
