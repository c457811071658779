"""Pareto k of importance weights: against tails known in closed form, ArviZ's own fit, and an exact posterior."""

import math

import arviz
import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal, Normal

from pellucid.diagnostics import psis_k, to_arviz


@pytest.mark.parametrize("k", [0.2, 0.5, 0.9, 1.5])
def test_k_is_that_of_pareto_weights(k):
    draws, rows = 10_000, 200
    log_weight = np.random.default_rng(0).exponential(k, (draws, rows))  # P(w > t) = t^(-1/k)
    found, tail = psis_k(log_weight).value, 300
    expected = (tail * k + 10 * 0.5) / (tail + 10)  # drawn towards 1/2 as by ten draws more
    spread = (1 + k) / math.sqrt(tail)  # of the likelihood's own estimate
    assert found.std() < 1.15 * spread
    assert abs(found.mean() - expected) < 4 * spread / math.sqrt(rows) + 0.1 / math.sqrt(tail)


@pytest.mark.parametrize("scale", [0.4, 0.6, 0.9])
def test_a_posterior_that_is_too_narrow_has_the_k_of_its_gaussian_tail(scale):
    torch.manual_seed(0)
    z = scale * torch.randn(100_000, 10, dtype=torch.float64)
    found = psis_k(Normal(0.0, 1.0).log_prob(z) - Normal(0.0, scale).log_prob(z)).value
    # P(w > t) goes as t^(-1 / (1 - s^2)) / sqrt(log t): the logarithm dies slowly, and from below
    assert found.mean() == pytest.approx(1 - scale**2, abs=0.12)


def test_k_is_that_of_arviz_where_no_weights_are_tied():
    log_weight = np.random.default_rng(0).normal(size=(400, 60)) * np.linspace(0.1, 4, 60)
    if hasattr(arviz, "psislw"):
        expected = arviz.psislw(log_weight.T)[1]
    else:
        from arviz_stats.base import array_stats  # pyright: ignore[reportMissingImports]

        expected = array_stats.psislw(-log_weight.T)[1]  # takes what leave-one-out divides by
    np.testing.assert_allclose(psis_k(log_weight).value, expected, atol=1e-8)


def test_k_does_not_move_with_the_scale_of_the_weights_nor_with_their_order():
    random = np.random.default_rng(0)
    log_weight = random.normal(0, 2, (300, 5))
    shifted = random.permutation(log_weight) + np.array([-4000.0, -500.0, 0.0, 300.0, 1e4])
    np.testing.assert_allclose(psis_k(shifted).value, psis_k(log_weight).value, atol=1e-6)


class Exact:
    """p(x) = N(0, W'W + s^2) with its true posterior as the guide: 150 rows of 20 numbers, from 4."""

    def __init__(self):
        torch.manual_seed(0)
        W, self.noise = torch.randn(4, 20, dtype=torch.float64), 0.5
        x = torch.randn(150, 4, dtype=torch.float64) @ W + self.noise * torch.randn(150, 20, dtype=torch.float64)
        precision = torch.eye(4) + W @ W.T / self.noise**2
        q = MultivariateNormal(x @ W.T / self.noise**2 @ precision.inverse(), precision_matrix=precision)
        self.z = q.sample((1000,))
        self.log_likelihood = Normal(self.z @ W, self.noise).log_prob(x).sum(-1)
        self.log_weight = Normal(0.0, 1.0).log_prob(self.z).sum(-1) + self.log_likelihood - q.log_prob(self.z)
        self.evidence = MultivariateNormal(x.new_zeros(20), W.T @ W + self.noise**2 * torch.eye(20)).log_prob(x)


def test_leave_one_out_fails_under_an_exact_posterior_where_the_weights_of_rows_are_perfect():
    exact = Exact()
    groups = to_arviz(
        {"z": exact.z},
        log_likelihood={"x": exact.log_likelihood},
        dims={"z": ["row", "dimension"], "x": ["row"]},
    )
    with pytest.warns(UserWarning, match="Pareto"):
        loo = arviz.loo(groups, pointwise=True)
    evidence = float(exact.evidence.sum())
    elpd = float(loo.elpd_loo if hasattr(loo, "elpd_loo") else loo.elpd)
    assert elpd > 0.8 * evidence  # both are negative: far too well
    assert (np.asarray(loo.pareto_k) > 0.7).mean() > 0.9
    assert "Not for arviz.loo" in groups["log_likelihood"].attrs["note"]
    torch.testing.assert_close(exact.log_weight, exact.evidence.expand(1000, -1))
    for weight in (exact.log_weight, exact.log_weight.float()):  # equal within the rounding of either
        k = psis_k(weight)
        assert (k.value == -math.inf).all()
        assert k.share == 0


@pytest.mark.parametrize(("draws", "threshold"), [(25, 1 - 1 / math.log10(25)), (100, 0.5), (2154, 0.7), (10_000, 0.7)])
def test_few_draws_serve_for_lighter_tails_only(draws, threshold):
    found = psis_k(np.random.default_rng(0).normal(size=(draws, 3)))
    assert found.threshold == pytest.approx(threshold, abs=1e-4)
    assert found.draws == draws
    assert found.share == (found.value > threshold).mean()


def test_weights_without_a_tail_are_told_from_a_few_that_are_all_of_it():
    random = np.random.default_rng(0)
    two = np.where(random.random(400) < 0.3, 0.0, -1.0)  # a discrete latent's: the largest is met often
    few = np.where(np.arange(400) < 3, 50.0, random.normal(size=400))
    tied = np.where(np.arange(400) < 3, 50.0, 0.0)
    zeros = np.where(np.arange(400) < 100, -math.inf, random.normal(0, 0.1, 400))
    nothing = np.full(400, -math.inf)
    k = psis_k(np.stack([two, few, tied, zeros, nothing], 1)).value
    assert k[0] == -math.inf
    assert k[1] > 0.7
    assert k[2] == k[4] == math.inf
    assert k[3] < 0.5


@pytest.mark.parametrize(
    ("log_weight", "message"),
    [
        (np.zeros(100), r"log_weight: expected \[draws, rows\] with at least 25 draws; got shape \[100\]"),
        (np.zeros((24, 3)), r"at least 25 draws; got shape \[24, 3\]"),
        (np.zeros((30, 0)), r"got shape \[30, 0\]"),
        (torch.full((30, 2), torch.nan), r"got nan for row 0"),
        (np.where(np.arange(60).reshape(30, 2) == 3, math.inf, 0.0), r"got inf for row 1"),
    ],
)
def test_bad_input_is_named_with_a_remedy(log_weight, message):
    with pytest.raises(ValueError, match=message) as error:
        psis_k(log_weight)
    assert "Try one of:\n- " in str(error.value)
