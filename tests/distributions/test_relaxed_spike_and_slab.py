"""The relaxed spike-and-slab: its gate, its moments, and the density of its draws."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad
from torch.distributions import kl_divergence

from pellucid.distributions import RelaxedSpikeAndSlab, SpikeAndSlab, relaxed_log_density

CASES = [(0.3, 0.7, 0.6, 50.0), (0.9, -2.0, 0.1, 20.0), (0.02, 0.0, 3.0, 200.0), (0.5, 1.0, 1.0, 1.0)]


def double(*values: float) -> list[torch.Tensor]:
    return [torch.tensor(v, dtype=torch.float64) for v in values]


def density_by_adaptive_quadrature(z: float, gate: float, loc: float, scale: float, sharpness: float) -> float:
    def integrand(eta: float) -> float:
        soft = 1 / (1 + math.exp(-sharpness * (eta - 1 + gate)))
        return float(stats.norm.pdf(z, soft * loc, soft * scale))

    # Borders where the gate passes 1 / e^k, so that no narrow peak is stepped over.
    borders = 1 - gate + np.arange(-60, 60) / sharpness / 3
    borders = [0.0, *borders[(borders > 0) & (borders < 1)], 1.0]
    return sum(quad(integrand, *part, epsabs=0, epsrel=1e-9, limit=200)[0] for part in pairwise(borders))


@pytest.mark.parametrize(("gate", "loc", "scale", "sharpness"), CASES)
def test_gate_exceeds_one_half_with_the_probability_of_the_hard_gate(gate, loc, scale, sharpness):
    torch.manual_seed(0)
    n = 400_000
    # A slab at 1 without width shows the soft gate itself.
    soft = RelaxedSpikeAndSlab(*double(gate, 1.0, 1e-12, sharpness)).sample((n,))
    assert abs((soft > 0.5).double().mean() - gate) < 4 * math.sqrt(gate * (1 - gate) / n)


@pytest.mark.parametrize(("gate", "loc", "scale", "sharpness"), CASES)
def test_gate_moments_agree_with_quadrature(gate, loc, scale, sharpness):
    z = RelaxedSpikeAndSlab(*double(gate, loc, scale, sharpness))
    for moment, closed in ((1, z.gate_mean), (2, z.gate_second_moment)):
        witness, _ = quad(lambda e, m=moment: 1 / (1 + math.exp(-sharpness * (e - 1 + gate))) ** m, 0, 1, limit=500)
        assert closed.item() == pytest.approx(witness, abs=1e-9)


@pytest.mark.parametrize(("gate", "loc", "scale", "sharpness"), CASES)
def test_moments_agree_with_sampling(gate, loc, scale, sharpness):
    torch.manual_seed(0)
    n = 400_000
    z = RelaxedSpikeAndSlab(*double(gate, loc, scale, sharpness))
    draws = z.sample((n,))
    squared = (draws - z.mean) ** 2
    assert abs(draws.mean() - z.mean) < 4 * draws.std() / n**0.5
    assert abs(squared.mean() - z.variance) < 4 * squared.std() / n**0.5


@pytest.mark.parametrize("sharpness", [20.0, 50.0, 200.0])
def test_a_gate_of_zero_leaks_log_two_over_the_sharpness(sharpness):
    leak = RelaxedSpikeAndSlab(*double(0.0, 1.0, 1.0, sharpness)).gate_mean.item()
    assert leak == pytest.approx(math.log(2) / sharpness, rel=1e-6)


def test_moments_of_the_relaxed_draw_tend_to_those_of_the_hard_one():
    relaxed = RelaxedSpikeAndSlab(*double(0.3, 0.7, 0.6, 1e5))
    torch.testing.assert_close(relaxed.mean, relaxed.hard().mean, rtol=1e-4, atol=0)
    torch.testing.assert_close(relaxed.variance, relaxed.hard().variance, rtol=1e-4, atol=0)


def test_under_one_seed_hard_and_relaxed_draws_have_the_same_gate_and_slab():
    relaxed = RelaxedSpikeAndSlab(torch.rand(100), torch.randn(100), torch.rand(100) + 0.1, 1e6)
    torch.manual_seed(1)
    soft = relaxed.rsample((50,))
    torch.manual_seed(1)
    hard = relaxed.hard().sample((50,))
    close = (soft - hard).abs() < 1e-3
    assert close.float().mean() > 0.999  # the rest fell within 1e-5 of the threshold
    assert type(relaxed.hard()) is SpikeAndSlab


def test_the_pathwise_gradient_is_the_gradient_of_the_mean():
    torch.manual_seed(0)
    n = 400_000
    parameters = [p.requires_grad_() for p in double(0.4, 0.7, 0.6, 10.0)]
    z = RelaxedSpikeAndSlab(*parameters)
    exact = torch.autograd.grad(z.mean, parameters[:2], retain_graph=True)
    copies = [p.detach().expand(n).clone().requires_grad_() for p in parameters]
    samples = torch.autograd.grad(RelaxedSpikeAndSlab(*copies).rsample().sum(), copies[:2])
    for gradient, each in zip(exact, samples, strict=True):
        assert abs(each.mean() - gradient) < 4 * each.std() / n**0.5


@pytest.mark.parametrize(("gate", "loc", "scale", "sharpness"), [*CASES, (0.0, 1.0, 0.5, 50.0), (1.0, 3.0, 0.1, 50.0)])
@pytest.mark.parametrize("z", [-1.0, -1e-3, 0.0, 1e-12, 1e-5, 0.02, 0.3, 1.0, 2.5])
def test_density_agrees_with_adaptive_quadrature(z, gate, loc, scale, sharpness):
    witness = density_by_adaptive_quadrature(z, gate, loc, scale, sharpness)
    log_density = relaxed_log_density(*double(z, gate, loc, scale, sharpness)).item()
    if witness > 1e-280:
        assert log_density == pytest.approx(math.log(witness), rel=2e-6, abs=1e-7)
    else:
        assert -math.inf < log_density < -600


def test_float32_density_agrees_with_float64():
    torch.manual_seed(0)
    z = RelaxedSpikeAndSlab(torch.rand(1000), torch.randn(1000), torch.rand(1000) + 0.05, 200.0)
    value = z.sample()
    exact = relaxed_log_density(*(p.double() for p in (value, z.gate, z.loc, z.scale, z.sharpness)))
    torch.testing.assert_close(z.log_prob(value).double(), exact, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("gate", "loc", "scale", "sharpness"), CASES)
def test_density_has_the_mass_that_draws_show_in_every_bin(gate, loc, scale, sharpness):
    torch.manual_seed(0)
    n = 400_000
    z = RelaxedSpikeAndSlab(*double(gate, loc, scale, sharpness))
    draws = z.sample((n,))
    # Bins in log |z| for either sign: most draws are tiny, on every scale down to exp(-sharpness).
    border = torch.linspace(-60, 3, 64, dtype=torch.float64)
    node, weight = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(20))
    total = 0.0
    for sign in (-1, 1):
        size = border[:-1, None] + (node + 1) / 2 * border.diff()[:, None]
        value = sign * size.exp()
        mass = ((z.log_prob(value) + size).exp() * weight).sum(-1) * border.diff() / 2
        share = torch.histogram((draws[draws * sign > 0] * sign).log(), border).hist / n
        assert ((share - mass).abs() < 5 * (mass * (1 - mass) / n).sqrt() + 1e-5).all()
        total += mass.sum().item()
    beyond = (draws.abs().log() < -60).double().mean().item()
    assert total == pytest.approx(1 - beyond, abs=5e-3)


def test_density_gradients_agree_with_finite_differences():
    parameters = [
        torch.tensor(p, dtype=torch.float64, requires_grad=True)
        for p in ([0.8, -0.01, 0.005], [0.3, 0.5, 0.9], [1.0, -2.0, 0.0], [0.5, 1.0, 0.1], [50.0, 20.0, 200.0])
    ]
    assert torch.autograd.gradcheck(relaxed_log_density, parameters, eps=1e-7, atol=1e-4, rtol=1e-4)


@settings(deadline=None)
@given(
    st.floats(0, 1),
    st.floats(-10, 10),
    st.floats(0.01, 10),
    st.sampled_from([1.0, 50.0, 200.0]),
    st.sampled_from([0.0, 1e-44, -1e-37, 1e-20, -0.5, 3.0, 1e3]),
)
def test_density_and_gradients_are_finite_wherever_a_draw_may_fall(gate, loc, scale, sharpness, value):
    parameters = [
        torch.tensor(p, dtype=torch.float32, requires_grad=True) for p in (value, gate, loc, scale, sharpness)
    ]
    log_density = relaxed_log_density(*parameters)
    log_density.backward()
    assert log_density.isfinite()
    assert all(p.grad is not None and p.grad.isfinite() for p in parameters)


def test_the_relaxed_log_ratio_is_not_the_closed_form_of_hard_spikes():
    torch.manual_seed(0)
    q = RelaxedSpikeAndSlab(*double(0.5, 1.0, 0.5, 50.0))
    p = RelaxedSpikeAndSlab(*double(0.2, 0.0, 1.0, 50.0))
    z = q.sample((20_000,))
    ratio = q.log_prob(z) - p.log_prob(z)
    closed = kl_divergence(q, p)
    assert torch.equal(closed, kl_divergence(q.hard(), p.hard()))
    assert closed.item() == pytest.approx(0.632, abs=1e-3)
    assert abs(ratio.mean() - 1.17) < 4 * ratio.std() / len(z) ** 0.5 + 0.005


def test_a_scheduled_sharpness_is_read_when_the_distribution_is_built():
    sharpness = torch.tensor(50.0)
    before = RelaxedSpikeAndSlab(0.0, 1.0, 1.0, sharpness).gate_mean.item()
    sharpness.fill_(200.0)
    assert RelaxedSpikeAndSlab(0.0, 1.0, 1.0, sharpness).gate_mean.item() == pytest.approx(before / 4)


def test_a_sharpness_out_of_range_is_named():
    with pytest.raises(ValueError, match="sharpness"):
        RelaxedSpikeAndSlab(0.5, 0.0, 1.0, sharpness=0.0, validate_args=True)
