"""The wrapped Cauchy: its density by quadrature, its draws by their moments, its divergences by both."""

# pyright: reportAttributeAccessIssue=false

import math

import pyro
import pyro.distributions as dist
import pytest
import torch
from scipy import stats
from torch.distributions import kl_divergence

from pellucid.distributions import WrappedCauchy

GRID = torch.linspace(-math.pi, math.pi, 20_001, dtype=torch.float64)[:-1]
STEP = 2 * math.pi / 20_000
CASES = pytest.mark.parametrize(("loc", "rho"), [(0.0, 0.0), (2.5, 0.3), (-3.1, 0.9), (7.0, 0.97)])


def made(loc, rho):
    return WrappedCauchy(torch.tensor(loc, dtype=torch.float64), torch.tensor(rho, dtype=torch.float64))


def mean(q, f):
    """Expectation under q, on a grid: exact to rounding for periodic functions."""
    return float((q.log_prob(GRID).exp() * f).sum() * STEP)


@CASES
def test_the_density_has_mass_one_and_the_first_moment_and_entropy_that_it_states(loc, rho):
    q = made(loc, rho)
    assert mean(q, 1.0) == pytest.approx(1, abs=1e-9)
    assert mean(q, (GRID - loc).cos()) == pytest.approx(rho, abs=1e-9)
    assert mean(q, -q.log_prob(GRID)) == pytest.approx(float(q.entropy()), abs=1e-9)
    assert float(q.variance) == pytest.approx(1 - rho)


@pytest.mark.parametrize("rho", [0.3, 0.9])
def test_the_density_is_that_of_scipy(rho):
    theirs = stats.wrapcauchy(rho).logpdf((GRID.numpy() - 1.0) % (2 * math.pi))
    torch.testing.assert_close(made(1.0, rho).log_prob(GRID), torch.from_numpy(theirs), rtol=0, atol=1e-8)


@CASES
def test_draws_follow_the_density(loc, rho):
    torch.manual_seed(0)
    draws = made(loc, rho).sample((20_000,))
    assert (draws >= -math.pi).all()
    assert (draws < math.pi).all()
    uniform = 2 * ((1 + rho) / (1 - rho) * ((draws - loc) / 2).tan()).atan()  # the draw undone
    assert stats.kstest(uniform.numpy(), stats.uniform(-math.pi, 2 * math.pi).cdf).pvalue > 0.01


@pytest.mark.parametrize("p", [dist.VonMises, WrappedCauchy], ids=["von Mises", "wrapped Cauchy"])
@CASES
def test_divergences_are_the_integrals_that_they_close(loc, rho, p):
    q = made(loc, rho)
    for m, size in ((0.4, 0.2), (-2.0, 0.8)):
        size = 12 * size if p is dist.VonMises else size
        prior = p(torch.tensor(m, dtype=torch.float64), torch.tensor(size, dtype=torch.float64))
        by_grid = mean(q, q.log_prob(GRID) - prior.log_prob(GRID))
        # torch's von Mises takes its Bessel function from a polynomial of seven digits
        assert float(kl_divergence(q, prior)) == pytest.approx(by_grid, abs=1e-6)
        assert float(kl_divergence(q, q)) == pytest.approx(0, abs=1e-12) if p is WrappedCauchy else True


def test_the_gradient_of_draws_is_that_of_the_expectation():
    torch.manual_seed(0)
    loc, rho = torch.tensor(0.7, requires_grad=True), torch.tensor(0.6, requires_grad=True)
    turn = WrappedCauchy(loc, rho).rsample((200_000,))
    (turn - 0.2).cos().mean().backward()  # rho cos(loc - 0.2)
    assert loc.grad is not None
    assert rho.grad is not None
    assert float(loc.grad) == pytest.approx(-0.6 * math.sin(0.5), abs=0.01)
    assert float(rho.grad) == pytest.approx(math.cos(0.5), abs=0.01)


def test_a_normal_on_the_line_is_no_posterior_of_an_angle_for_its_bound_passes_the_evidence():
    prior = dist.VonMises(torch.tensor(0.0), torch.tensor(1.0))  # no data: the evidence is log 1 = 0
    wide = dist.Normal(0.0, 1e4)
    turns = wide.sample((100_000,))
    assert float((prior.log_prob(turns) - wide.log_prob(turns)).mean()) > 5
    round_ = WrappedCauchy(torch.tensor(0.0), 0.0)
    assert float(-kl_divergence(round_, prior)) < 0


def test_concentrations_outside_the_unit_interval_are_refused():
    with pyro.settings.context(validate_distributions_torch=True), pytest.raises(ValueError, match="concentration"):
        WrappedCauchy(torch.tensor(0.0), torch.tensor(1.5), validate_args=True)
