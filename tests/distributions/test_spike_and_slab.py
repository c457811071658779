"""The hard spike-and-slab: normalisation, moments and gradients on the mixed measure."""

import math

import pyro.distributions as dist
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from pellucid.distributions import SpikeAndSlab

CASES = [(0.3, 0.7, 0.6), (0.99, -2.0, 0.1), (0.01, 0.0, 3.0), (0.5, 0.0, 1.0)]


@pytest.mark.parametrize(("gate", "loc", "scale"), CASES)
def test_density_and_atom_integrate_to_one(gate, loc, scale):
    z = SpikeAndSlab(*torch.tensor([gate, loc, scale], dtype=torch.float64))

    def density(value: float) -> float:
        return z.log_prob(torch.tensor(value, dtype=torch.float64)).exp().item()

    # 0 itself must not be a node: it is the atom.
    mass, _ = quad(density, loc - 9 * scale + 1e-3, loc + 9 * scale, points=[loc], limit=200)
    assert abs(density(0.0) + mass - 1) < 1e-7


@pytest.mark.parametrize(("gate", "loc", "scale"), CASES)
def test_density_is_that_of_the_two_branches_written_out(gate, loc, scale):
    z = SpikeAndSlab(gate, loc, scale)
    assert z.log_prob(torch.tensor(0.0)).item() == pytest.approx(math.log(1 - gate), rel=1e-6)
    value = torch.tensor([-0.3, 1e-30, 2.0])
    torch.testing.assert_close(z.log_prob(value), math.log(gate) + dist.Normal(loc, scale).log_prob(value))


@pytest.mark.parametrize(("gate", "loc", "scale"), CASES)
def test_moments_agree_with_sampling(gate, loc, scale):
    torch.manual_seed(0)
    n = 400_000
    z = SpikeAndSlab(*torch.tensor([gate, loc, scale], dtype=torch.float64))
    draws = z.sample((n,))
    squared = (draws - z.mean) ** 2
    assert abs(draws.mean() - z.mean) < 4 * draws.std() / n**0.5
    assert abs(squared.mean() - z.variance) < 4 * squared.std() / n**0.5


@pytest.mark.parametrize("gate", [0.0, 0.01, 0.3, 1.0])
def test_the_share_of_exact_zeros_is_one_minus_the_gate(gate):
    torch.manual_seed(0)
    n = 100_000
    share = (SpikeAndSlab(gate, 1.0, 0.5).sample((n,)) == 0).float().mean().item()
    assert abs(share - (1 - gate)) <= 4 * math.sqrt(gate * (1 - gate) / n)


def test_slab_is_the_distribution_of_the_nonzero_draws():
    torch.manual_seed(0)
    z = SpikeAndSlab(0.5, 1.5, 0.2)
    draws = z.sample((100_000,))
    draws = draws[draws != 0]
    assert abs(draws.mean() - z.slab.mean) < 4 * draws.std() / len(draws) ** 0.5
    assert draws.std().item() == pytest.approx(z.slab.stddev.item(), rel=0.02)


@settings(deadline=None)
@given(st.floats(1e-6, 1 - 1e-6), st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.sampled_from([0.0, 1e-38, -0.5, 1e3]))
def test_density_and_gradients_are_finite(gate, loc, scale, value):
    parameters = [torch.tensor(p, dtype=torch.float32, requires_grad=True) for p in (gate, loc, scale)]
    z = torch.tensor(value, requires_grad=True)
    log_prob = SpikeAndSlab(*parameters).log_prob(z)
    log_prob.backward()
    assert log_prob.isfinite()
    assert all(p.grad is not None and p.grad.isfinite() for p in (*parameters, z))


def test_an_extreme_branch_that_is_not_taken_leaves_no_trace_in_the_gradient():
    gate = torch.tensor([0.0, 1.0, 0.5], requires_grad=True)
    loc = torch.tensor([1e30, 0.0, -1e30], requires_grad=True)
    scale = torch.tensor([1e-30, 1.0, 1e-30], requires_grad=True)
    log_prob = SpikeAndSlab(gate, loc, scale).log_prob(torch.tensor([0.0, 0.5, 0.0]))
    log_prob.sum().backward()
    for gradient in (gate.grad, loc.grad, scale.grad):
        assert gradient is not None
        assert gradient.isfinite().all()
    assert log_prob[0] == 0


def test_what_cannot_happen_has_log_density_minus_infinity():
    z = SpikeAndSlab(torch.tensor([0.0, 1.0]), 0.0, 1.0)
    assert torch.equal(z.log_prob(torch.tensor([0.5, 0.0])), torch.tensor([-math.inf, -math.inf]))


@pytest.mark.parametrize(("argument", "value"), [("gate", 1.5), ("gate", math.nan), ("loc", math.nan), ("scale", 0.0)])
def test_a_parameter_out_of_range_is_named(argument, value):
    parameters = {"gate": 0.5, "loc": 0.0, "scale": 1.0} | {argument: value}
    with pytest.raises(ValueError, match=argument):
        SpikeAndSlab(**parameters, validate_args=True)


def test_a_value_that_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="support"):
        SpikeAndSlab(0.5, 0.0, 1.0, validate_args=True).log_prob(torch.tensor(math.nan))
