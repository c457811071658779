"""The importance-weighted bound: against models whose evidence is known, and its error against repeated runs."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, MultivariateNormal, Normal, kl_divergence

from pellucid.diagnostics import log_evidence
from pellucid.distributions import SpikeAndSlab

WEIGHT = torch.tensor([[1.0, -0.5, 0.3], [0.2, 0.8, -1.0]], dtype=torch.float64)  # [D, X]
NOISE = 0.6
X = torch.tensor([[0.5, -1.0, 0.2], [2.0, 0.3, -1.5], [0.0, 0.0, 0.0]], dtype=torch.float64)


class LinearGaussian:
    """p(z) = N(0, 1), p(x|z) = N(z W, NOISE²), and a posterior that is a little wrong."""

    def __init__(self):
        precision = torch.eye(2, dtype=torch.float64) + WEIGHT @ WEIGHT.T / NOISE**2
        mean = X @ WEIGHT.T / NOISE**2 @ precision.inverse()
        self.q = Normal(mean + 0.15, 1.2 * precision.inverse().diagonal().sqrt())
        self.prior = Normal(torch.zeros(2).double(), 1.0)
        self.truth = MultivariateNormal(X.new_zeros(3), WEIGHT.T @ WEIGHT + NOISE**2 * torch.eye(3)).log_prob(X).numpy()


class SparseLinear:
    """p(z) = spike-and-slab of two dimensions: the four patterns of gates are summed in closed form."""

    def __init__(self):
        chance = torch.tensor(0.3, dtype=torch.float64)
        self.prior = SpikeAndSlab(chance, torch.zeros(2).double(), torch.ones(2).double())
        self.q = SpikeAndSlab(
            torch.tensor([[0.6, 0.5], [0.9, 0.7], [0.3, 0.4]], dtype=torch.float64),
            torch.tensor([[0.6, -0.4], [0.9, 1.0], [0.1, 0.0]], dtype=torch.float64),
            torch.full((3, 2), 0.8, dtype=torch.float64),
        )
        patterns = []
        for gates in itertools.product([0.0, 1.0], repeat=2):
            on = torch.tensor(gates, dtype=torch.float64)
            covariance = WEIGHT.T @ torch.diag(on) @ WEIGHT + NOISE**2 * torch.eye(3)
            marginal = MultivariateNormal(X.new_zeros(3), covariance).log_prob(X)
            patterns.append(Bernoulli(chance).log_prob(on).sum() + marginal)
        self.truth = torch.stack(patterns).logsumexp(0).numpy()


def repeated(model, runs, particles):
    """Independent bounds and their claimed errors, ``[runs, 3]`` each: the runs are rows of one call."""

    def log_weight():
        z = model.q.sample((runs,))
        likelihood = Normal(z @ WEIGHT, NOISE).log_prob(X).sum(-1)
        return ((model.prior.log_prob(z) - model.q.log_prob(z)).sum(-1) + likelihood).flatten()

    result = log_evidence(log_weight, particles)
    return result.value.reshape(runs, 3), result.monte_carlo_error.reshape(runs, 3)


@pytest.fixture(params=[LinearGaussian, SparseLinear])
def model(request):
    torch.manual_seed(0)
    return request.param()


def test_the_exponential_of_the_bound_is_unbiased_for_the_evidence(model):
    value, _ = repeated(model, runs=20_000, particles=10)
    ratio = np.exp(value - model.truth)
    assert (abs(ratio.mean(0) - 1) < 4 * ratio.std(0) / math.sqrt(20_000)).all()
    assert (ratio.std(0) / math.sqrt(20_000) < 0.03).all()


def test_many_particles_give_the_evidence_within_the_error_they_claim(model):
    value, error = repeated(model, runs=500, particles=400)
    assert (abs(value - model.truth) < 2 * error).mean() == pytest.approx(0.95, abs=0.04)


def test_one_particle_gives_the_evidence_lower_bound_in_expectation(model):
    value, _ = repeated(model, runs=20_000, particles=1)
    z = model.q.sample((20_000,))
    divergence = kl_divergence(model.q, model.prior).sum(-1).numpy()
    elbo = Normal(z @ WEIGHT, NOISE).log_prob(X).sum(-1).numpy() - divergence
    error = np.hypot(value.std(0), elbo.std(0)) / math.sqrt(20_000)
    assert (abs(value.mean(0) - elbo.mean(0)) < 4 * error).all()


def test_the_bound_rises_with_the_particles_towards_the_evidence_and_stays_below(model):
    values = [repeated(model, 4000, particles)[0] for particles in (1, 4, 16, 64)]
    means = np.array([value.mean(0) for value in values])
    errors = np.array([value.std(0) for value in values]) / math.sqrt(4000)
    assert (means[1:] - means[:-1] > -3 * np.hypot(errors[1:], errors[:-1])).all()
    assert (means[-1] - means[0] > 3 * errors[0]).all()
    assert (means < model.truth + 4 * errors).all()


def test_the_monte_carlo_error_is_the_spread_of_repeated_runs(model):
    value, error = repeated(model, runs=500, particles=400)
    # the spread itself is known to 1 / sqrt(1000), 3 %
    np.testing.assert_allclose(np.sqrt((error**2).mean(0)), value.std(0, ddof=1), rtol=0.15)


def test_streaming_agrees_with_logsumexp_for_weights_far_outside_the_range_of_floats():
    random = np.random.default_rng(0)
    weights = random.normal(0, 3, (50, 4)) + np.array([-2000.0, 0.0, 900.0, -1e5])
    draws = iter(torch.tensor(weights))
    result = log_evidence(lambda: next(draws), particles=50)
    relative = np.exp(weights - weights.max(0))
    np.testing.assert_allclose(result.value, weights.max(0) + np.log(relative.mean(0)), rtol=1e-12)
    expected = relative.std(0, ddof=1) / relative.mean(0) / math.sqrt(50)
    np.testing.assert_allclose(result.monte_carlo_error, expected, rtol=1e-9)
    assert result.mean == pytest.approx(result.value.mean())
    assert result.standard_error == pytest.approx(result.value.std(ddof=1) / 2)


def test_float32_weights_are_summed_in_float64():
    result = log_evidence(lambda: torch.tensor([-500.1], dtype=torch.float32), particles=1000)
    assert result.value[0] == pytest.approx(np.float32(-500.1), rel=1e-14)


def test_constant_weights_have_no_error_and_one_particle_or_row_has_an_unknown_one():
    constant = log_evidence(lambda: torch.tensor([-1.0, -2.0]), particles=10)
    assert constant.monte_carlo_error.tolist() == [0.0, 0.0]
    single = log_evidence(lambda: torch.tensor([-1.0]), particles=1)
    assert np.isnan(single.monte_carlo_error).all()
    assert math.isnan(single.standard_error)
    assert single.mean == -1.0


def test_a_weight_of_zero_counts_among_the_particles():
    draws = iter([torch.tensor([-math.inf, -math.inf]), torch.tensor([0.0, -math.inf])])
    result = log_evidence(lambda: next(draws), particles=2)
    assert result.value[0] == pytest.approx(-math.log(2))
    assert result.value[1] == -math.inf


@pytest.mark.parametrize(
    ("weight", "particles", "message"),
    [
        (torch.zeros(2), 0, r"particles: expected at least 1; got 0"),
        (torch.zeros(2, 3), 2, r"log_weight: expected one log-weight for each row, shape \[B\]; got \[2, 3\]"),
        (torch.tensor(0.0), 2, r"log_weight: expected one log-weight"),
        (torch.tensor([0.0, math.nan]), 2, r"got nan for row 1"),
        (torch.tensor([math.inf, 0.0]), 2, r"got inf for row 0"),
    ],
)
def test_bad_input_is_named_with_a_remedy(weight, particles, message):
    with pytest.raises(ValueError, match=message) as error:
        log_evidence(lambda: weight, particles)
    assert "Try one of:\n- " in str(error.value)


def test_rows_that_change_between_calls_are_refused():
    draws = iter([torch.zeros(3), torch.zeros(2)])
    with pytest.raises(ValueError, match=r"shape \[3\]; got \[2\]"):
        log_evidence(lambda: next(draws), particles=2)
