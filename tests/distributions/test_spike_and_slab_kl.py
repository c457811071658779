"""The closed-form divergence of spike-and-slabs against Monte Carlo on the mixed measure, and its limits."""

import math

import pyro.distributions as dist
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Normal, kl_divergence

from pellucid.distributions import RelaxedSpikeAndSlab, SpikeAndSlab

gates = st.floats(1e-6, 1 - 1e-6)
locs = st.floats(-10, 10)
scales = st.floats(0.01, 10)


@pytest.mark.parametrize(("gate", "loc", "scale"), [(0.3, 0.7, 0.6), (0.99, -2.0, 0.1), (0.01, 0.0, 3.0)])
def test_divergence_agrees_with_monte_carlo_on_the_mixed_measure(gate, loc, scale):
    torch.manual_seed(0)
    q, p = SpikeAndSlab(gate, loc, scale), SpikeAndSlab(0.1, -0.2, 1.1)
    z = q.sample((1_000_000,))
    ratio = q.log_prob(z) - p.log_prob(z)
    assert abs(kl_divergence(q, p) - ratio.mean()) < 4 * ratio.std() / 1000


@settings(deadline=None)
@given(gates, locs, scales, gates, locs, scales)
def test_divergence_is_the_chain_rule_over_gate_and_slab(gate, loc, scale, prior_gate, prior_loc, prior_scale):
    a = [torch.tensor(v, dtype=torch.float64) for v in (gate, loc, scale)]
    b = [torch.tensor(v, dtype=torch.float64) for v in (prior_gate, prior_loc, prior_scale)]
    slab = kl_divergence(Normal(a[1], a[2]), Normal(b[1], b[2]))
    spike = kl_divergence(Bernoulli(a[0]), Bernoulli(b[0]))
    divergence = kl_divergence(SpikeAndSlab(*a), SpikeAndSlab(*b))
    torch.testing.assert_close(divergence, a[0] * slab + spike, rtol=1e-9, atol=1e-9)
    assert divergence > -1e-12


@settings(deadline=None)
@given(gates, locs, scales)
def test_identical_distributions_are_at_divergence_zero(gate, loc, scale):
    q, p = SpikeAndSlab(gate, loc, scale), SpikeAndSlab(gate, loc, scale)
    assert abs(kl_divergence(q, p)) < 1e-6


@pytest.mark.parametrize(("loc", "scale"), [(0.0, 1.0), (1e6, 1.0), (-3.0, 1e-12)])
@pytest.mark.parametrize("gate", [0.0, 1e-30])
def test_as_the_gate_closes_only_the_prior_spike_is_left(gate, loc, scale):
    divergence = kl_divergence(SpikeAndSlab(gate, loc, scale), SpikeAndSlab(0.3, 0.0, 1.0))
    assert divergence.item() == pytest.approx(-math.log(0.7), rel=1e-6)


def test_with_the_gate_open_the_slabs_and_the_prior_gate_are_left():
    divergence = kl_divergence(SpikeAndSlab(1.0, 0.7, 0.6), SpikeAndSlab(0.3, 0.1, 2.0))
    slab = kl_divergence(Normal(0.7, 0.6), Normal(0.1, 2.0))
    assert divergence.item() == pytest.approx(slab.item() - math.log(0.3), rel=1e-6)


@pytest.mark.parametrize("gate", [0.0, 1.0])
def test_spikes_that_agree_at_an_end_cost_nothing(gate):
    assert kl_divergence(SpikeAndSlab(gate, 0.0, 1.0), SpikeAndSlab(gate, 0.0, 1.0)) == 0


@pytest.mark.parametrize("gate", [0.0, 1.0])
def test_spikes_that_disagree_at_an_end_are_infinitely_far(gate):
    assert kl_divergence(SpikeAndSlab(gate, 0.0, 1.0), SpikeAndSlab(1 - gate, 0.0, 1.0)) == math.inf


@settings(deadline=None)
@given(gates, locs, scales)
def test_the_fixed_prior_is_the_special_case_written_in_the_paper(gate, loc, scale):
    alpha = 0.2
    gaussian = gate * (-math.log(scale) + (scale**2 + loc**2 - 1) / 2)
    spike = (1 - gate) * math.log((1 - gate) / (1 - alpha)) + gate * math.log(gate / alpha)
    q = SpikeAndSlab(*(torch.tensor(v, dtype=torch.float64) for v in (gate, loc, scale)))
    p = SpikeAndSlab(*(torch.tensor(v, dtype=torch.float64) for v in (alpha, 0.0, 1.0)))
    assert kl_divergence(q, p).item() == pytest.approx(gaussian + spike, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("gate", [1e-6, 0.5, 1 - 1e-6])
@pytest.mark.parametrize("prior_gate", [1e-6, 0.5, 1 - 1e-6])
def test_gradients_are_finite_up_to_the_clamp_of_the_gates(gate, prior_gate):
    a = [torch.tensor(v, requires_grad=True) for v in (gate, 5.0, 1e-3)]
    b = [torch.tensor(v, requires_grad=True) for v in (prior_gate, -5.0, 1e-2)]
    divergence = kl_divergence(SpikeAndSlab(*a), SpikeAndSlab(*b))
    divergence.backward()
    assert divergence.isfinite()
    assert all(p.grad is not None and p.grad.isfinite() for p in a + b)


def test_gradients_agree_with_finite_differences():
    values = (0.3, 0.7, 0.6, 0.1, -0.2, 1.1)
    parameters = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in values]
    assert torch.autograd.gradcheck(lambda *v: kl_divergence(SpikeAndSlab(*v[:3]), SpikeAndSlab(*v[3:])), parameters)


def test_event_dimensions_are_summed():
    q = SpikeAndSlab(torch.rand(5, 3), torch.randn(5, 3), torch.rand(5, 3) + 0.1)
    p = SpikeAndSlab(torch.full((3,), 0.2), 0.0, 1.0)
    whole = kl_divergence(q.to_event(1), p.expand([5, 3]).to_event(1))
    torch.testing.assert_close(whole, kl_divergence(q, p).sum(-1))


def test_the_relaxed_posterior_has_the_divergence_of_its_hard_spikes():
    q = RelaxedSpikeAndSlab(torch.rand(4), torch.randn(4), torch.rand(4) + 0.1, 50.0)
    p = SpikeAndSlab(0.2, 0.0, 1.0)
    assert torch.equal(kl_divergence(q, p), kl_divergence(q.hard(), p))


LABELS = {"one": (5,), "of three labels": (3, 1, 5), "expanded to three labels": (3, 4, 5)}


@pytest.mark.parametrize("shape", list(LABELS.values()), ids=list(LABELS))
@pytest.mark.parametrize("extreme", [None, 0.0, 1.0])
def test_of_vectors_it_is_the_sum_of_bernoulli_and_normal_divergences_also_where_a_prior_is_never_or_always_on(
    shape, extreme
):
    torch.manual_seed(0)
    gate, gate_p = torch.rand(4, 5), torch.rand(shape)
    if extreme is not None:
        gate[:, :2], gate_p[..., :2] = extreme, extreme
    q, p = (gate, torch.randn(4, 5), torch.rand(4, 5) + 0.1), (gate_p, torch.randn(shape), torch.rand(shape) + 0.5)
    slabs = kl_divergence(Normal(q[1], q[2]), Normal(p[1], p[2]))
    spikes = kl_divergence(*(Bernoulli(d[0].expand(slabs.shape)) for d in (q, p)))
    found = kl_divergence(SpikeAndSlab(*q).to_event(1), SpikeAndSlab(*p).to_event(1))
    torch.testing.assert_close(found, (gate * slabs + spikes).sum(-1), rtol=1e-5, atol=1e-5)
    if extreme is not None:
        gate[1, 0] = 0.5  # what p never does, or always
        found = kl_divergence(SpikeAndSlab(*q).to_event(1), SpikeAndSlab(*p).to_event(1))
        assert found.isinf().sum(-1).eq(1).all()


def test_other_families_keep_the_divergence_that_pyro_knows():
    q = dist.Normal(torch.zeros(3, 2), 1.0).to_event(2)
    p = dist.MultivariateNormal(torch.zeros(3, 2), torch.eye(2)).to_event(1)
    assert kl_divergence(q, p) == 0
