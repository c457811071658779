"""Posteriors: their two modes, their warm-ups, and classifiers clamped to what is known."""

# pyright: reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportTypedDictNotRequiredAccess=false

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro import poutine
from torch.distributions import kl_divergence
from torch.nn.functional import softplus

from pellucid.distributions import EPS, RelaxedSpikeAndSlab, SpikeAndSlab
from pellucid.guides import Guide, NormalPosterior, SpikeAndSlabPosterior, classify
from pellucid.networks import MLPEncoder
from pellucid.schedules import Ramp, advance

SHAPE = (1, 4, 4)
X = torch.rand(6, *SHAPE, generator=torch.Generator().manual_seed(0))


def posterior(**options):
    torch.manual_seed(0)
    return SpikeAndSlabPosterior(MLPEncoder(SHAPE, (8,)), 3, **options)


def test_normal_posterior_is_its_two_heads():
    torch.manual_seed(0)
    p = NormalPosterior(MLPEncoder(SHAPE, (8,)), 3)
    h, q = p.encoder(X), p.encode(X).base_dist
    assert torch.equal(q.loc, p.loc(h))
    torch.testing.assert_close(q.scale, torch.log1p(p.scale(h).exp()) + EPS)


def test_training_draws_are_relaxed_and_evaluation_draws_are_hard():
    p = posterior()
    assert type(p.train().encode(X).base_dist) is RelaxedSpikeAndSlab
    assert type(p.eval().encode(X).base_dist) is SpikeAndSlab
    assert type(posterior(relaxed=False).train().encode(X).base_dist) is SpikeAndSlab
    with pyro.plate("data", 6):
        assert (p.eval()(X) == 0).any()
        assert (p.train()(X) != 0).all()


def test_sharpness_rises_from_50_to_200_and_reaches_the_draw():
    p = posterior()
    for done, value in ((0.0, 50.0), (0.5, 125.0), (1.0, 200.0)):
        advance(p, done)
        assert (p.train().encode(X).base_dist.sharpness == value).all()


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_slab_warm_up_goes_from_standard_normal_to_the_heads_in_training_only(weight):
    p = posterior(slab=weight)
    h = p.encoder(X)
    loc, scale = p.loc(h), softplus(p.scale(h)) + EPS
    q = p.train().encode(X).base_dist
    torch.testing.assert_close(q.loc, weight * loc)
    torch.testing.assert_close(q.scale.square(), weight * scale.square() + 1 - weight)
    torch.testing.assert_close(p.eval().encode(X).base_dist.loc, loc)
    torch.testing.assert_close(p.eval().encode(X).base_dist.scale, scale)


def test_gates_stay_off_0_and_1_with_finite_gradients_whatever_the_head_says():
    p = posterior(slab=Ramp(0, 1))
    with torch.no_grad():
        p.gate.bias.copy_(torch.tensor([500.0, -500.0, 0.0]))
    q, prior = p.encode(X), SpikeAndSlab(0.1, torch.zeros(3), 1.0).to_event(1)
    assert (q.base_dist.gate >= EPS).all()
    assert (q.base_dist.gate <= 1 - EPS).all()
    kl_divergence(q, prior).sum().backward()
    assert all(w.grad is None or w.grad.isfinite().all() for w in p.parameters())


def test_log_relu_gate_is_dead_above_zero_and_exponential_below():
    p = posterior(gate="log-relu")
    with torch.no_grad():
        p.gate.weight.zero_()
        p.gate.bias.copy_(torch.tensor([2.0, -1.0, -3.0]))
    gate = p.encode(X).base_dist.gate
    torch.testing.assert_close(gate[0], torch.tensor([1 - EPS, 0.367879, 0.049787]), rtol=1e-4, atol=0)
    gate.sum().backward()
    assert p.gate.bias.grad[0] == 0
    assert (p.gate.bias.grad[1:] > 0).all()


def test_an_unknown_gate_is_refused():
    with pytest.raises(ValueError, match="gate: expected 'sigmoid' or 'log-relu'; given 'tanh'"):
        posterior(gate="tanh")


def test_guide_opens_the_plate_of_the_data_set():
    guide = Guide(posterior(), n_data=60)
    assert poutine.trace(guide).get_trace(X).nodes["z"]["scale"] == 10
    assert poutine.trace(Guide(posterior(), n_data=2)).get_trace(X).nodes["z"]["scale"] == 1


def run(fn, y=None, labelled=None):
    with poutine.trace() as seen, pyro.plate("data", 4):
        value = classify("y", fn, y, labelled)
    return value, seen.trace.nodes.get("y")


LOGITS = torch.tensor([[2.0, 0.0, -1.0], [0.0, 1.0, 0.0], [-3.0, 0.0, 0.0], [0.5, 0.0, 0.0]])
Y = torch.tensor([2, 0, 1, 2])


@pytest.mark.parametrize("bits", range(16))
def test_clamp_weighs_one_on_known_labels_and_the_classifier_elsewhere_for_every_mask(bits):
    labelled = torch.tensor([bool(bits >> i & 1) for i in range(4)])
    value, site = run(dist.Categorical(logits=LOGITS), Y, labelled)
    weight = site["fn"].log_prob(torch.arange(3)[:, None]).exp()
    expected = torch.where(labelled[:, None], torch.nn.functional.one_hot(Y, 3).float(), LOGITS.softmax(1))
    torch.testing.assert_close(weight.T, expected)
    assert torch.equal(value[labelled], Y[labelled])


def test_labelled_rows_give_the_classifier_no_gradient():
    logits = LOGITS.clone().requires_grad_()
    labelled = torch.tensor([True, False, True, False])
    _, site = run(dist.Categorical(logits=logits), Y, labelled)
    site["fn"].log_prob(Y).sum().backward()
    assert (logits.grad[labelled] == 0).all()
    assert (logits.grad[~labelled] != 0).any(1).all()


def test_without_labels_the_classifier_is_sampled_and_marked_for_enumeration():
    _, site = run(dist.Categorical(logits=LOGITS))
    assert site["infer"] == {"enumerate": "parallel"}
    torch.testing.assert_close(site["fn"].log_prob(Y), LOGITS.log_softmax(1).gather(1, Y[:, None])[:, 0])


def test_a_continuous_label_is_drawn_where_unknown_and_not_enumerated():
    y, labelled = torch.tensor([1.0, torch.nan, 3.0, torch.nan]), torch.tensor([True, False, True, False])
    value, site = run(dist.Normal(torch.full((4,), 50.0), 0.1), y, labelled)
    assert not site["infer"].get("enumerate")
    assert value[labelled].tolist() == [1.0, 3.0]
    assert (value[~labelled] > 45).all()


def test_all_labels_known_are_returned_in_the_dtype_of_the_site():
    value, _ = run(dist.Bernoulli(torch.full((4, 2), 0.5)).to_event(1), torch.tensor([[0, 1]] * 4))
    assert value.dtype == torch.float32
    assert value.tolist() == [[0.0, 1.0]] * 4
