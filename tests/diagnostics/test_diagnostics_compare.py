"""Comparison of runs: differences that are known in closed form, their error against repetition, and the table."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal, Normal

from pellucid.diagnostics import Evidence, compare_evidence, log_evidence

D, X = 2, 5


class Linear:
    """p(x) = N(0, W'W + s^2); its posterior the true one, or one too wide by ``width``."""

    def __init__(self, noise: float, width: float = 1.0):
        self.W = torch.randn(D, X, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        self.noise, self.width = noise, width

    def evidence(self, x):
        return MultivariateNormal(x.new_zeros(X), self.W.T @ self.W + self.noise**2 * torch.eye(X)).log_prob(x)

    def estimated(self, x, particles):
        covariance = (torch.eye(D) + self.W @ self.W.T / self.noise**2).inverse()
        q = MultivariateNormal(x @ self.W.T / self.noise**2 @ covariance, self.width**2 * covariance)

        def log_weight():
            z = q.sample()
            likelihood = Normal(z @ self.W, self.noise).log_prob(x).sum(-1)
            return Normal(0.0, 1.0).log_prob(z).sum(-1) + likelihood - q.log_prob(z)

        return log_evidence(log_weight, particles)


MODELS = {"blurred": Linear(0.8), "true": Linear(0.6)}
WIDE = {"blurred": Linear(0.8, 1.5), "true": Linear(0.6, 1.5)}


def rows(n):
    torch.manual_seed(1)
    return torch.randn(n, D, dtype=torch.float64) @ MODELS["true"].W + 0.6 * torch.randn(n, X, dtype=torch.float64)


def repeated(x, particles, parts):
    """A comparison for each of several sets of rows, which are estimated in one go."""
    whole = {name: model.estimated(x, particles) for name, model in WIDE.items()}

    def part(each, chosen):
        value, error = each.value[chosen], each.monte_carlo_error[chosen]
        return Evidence(value, error, float(value.mean()), math.nan, particles)

    sets = np.array_split(np.arange(len(x)), parts)
    return [compare_evidence({name: part(each, chosen) for name, each in whole.items()}) for chosen in sets]


def test_exact_posteriors_give_the_exact_difference_with_the_error_of_its_rows():
    x = rows(200)
    found = compare_evidence({name: model.estimated(x, 3) for name, model in MODELS.items()})
    exact = MODELS["blurred"].evidence(x) - MODELS["true"].evidence(x)
    assert found.names == ("true", "blurred")
    assert found.difference == pytest.approx([0.0, float(exact.mean())])
    assert found.standard_error == pytest.approx([0.0, float(exact.std()) / math.sqrt(200)])
    assert found.better == pytest.approx([0.0, float((exact > 0).double().mean())])
    assert found.monte_carlo_error == pytest.approx([0.0, 0.0], abs=1e-7)


def test_the_paired_error_is_the_spread_over_sets_of_rows_and_below_that_of_either_run():
    found = repeated(rows(40_000), particles=20, parts=400)
    differences = np.array([each.difference[1] for each in found])
    claimed = np.array([each.standard_error[1] for each in found])
    assert math.sqrt((claimed**2).mean()) == pytest.approx(differences.std(ddof=1), rel=0.15)  # known to 4 %
    assert claimed.mean() < 0.5 * np.std([each.mean[0] for each in found])


def test_the_draws_own_error_is_the_spread_over_draws_of_the_same_rows():
    found = repeated(rows(20).repeat(400, 1), particles=200, parts=400)
    spread = np.std([each.difference[1] for each in found], ddof=1)
    assert np.mean([each.monte_carlo_error[1] for each in found]) == pytest.approx(spread, rel=0.15)  # known to 4 %


def evidence_of(value, error=0.0, particles=10):
    value = np.asarray(value, dtype=float)
    return Evidence(value, np.full(value.shape, error), float(value.mean()), 0.0, particles)


def test_runs_are_ordered_and_counted_against_the_best():
    found = compare_evidence({"a": evidence_of([1, 5, 0]), "b": evidence_of([4, 4, 4]), "c": evidence_of([0, 3, 6])})
    assert found.names == ("b", "c", "a")
    assert found.difference.tolist() == [0.0, -1.0, -2.0]
    assert found.better == pytest.approx([0, 1 / 3, 1 / 3])
    assert found.rows == 3


def test_a_run_beside_itself_differs_by_nothing():
    found = compare_evidence({"run": evidence_of([1, 5, 0]), "again": evidence_of([1, 5, 0])})
    assert found.difference.tolist() == found.standard_error.tolist() == found.better.tolist() == [0.0, 0.0]


def test_one_row_has_no_known_error_and_a_row_of_no_evidence_an_infinite_difference():
    single = compare_evidence({"a": evidence_of([1.0]), "b": evidence_of([0.0])})
    assert math.isnan(single.standard_error[1])
    lost = compare_evidence({"a": evidence_of([1, 2]), "b": evidence_of([0, -math.inf])})
    assert lost.difference[1] == -math.inf
    assert math.isnan(lost.standard_error[1])


def test_the_table_has_a_line_for_each_run_the_best_first():
    found = compare_evidence({"consistent": evidence_of([-142.0, -144.0], 0.1), "plain": evidence_of([-140.0, -141.0])})
    assert str(found).splitlines() == [
        "2 rows, 10 particles; nats per row",
        "run         evidence  difference  error  (of draws)  rows better",
        "plain        -140.50",
        "consistent   -143.00       -2.50   0.50        0.07           0%",
    ]


@pytest.mark.parametrize(
    ("evidence", "message"),
    [
        ({"a": evidence_of([1.0])}, r"evidence: expected at least two runs to compare; got 1"),
        (
            {"a": evidence_of([1, 2]), "b": evidence_of([1])},
            r"expected the same rows of every run; got \{'a': 2, 'b': 1\}",
        ),
        (
            {"a": evidence_of([1]), "b": evidence_of([1], particles=50)},
            r"the same particles of every run; got \{'a': 10, 'b': 50\}",
        ),
    ],
)
def test_bad_input_is_named_with_a_remedy(evidence, message):
    with pytest.raises(ValueError, match=message) as error:
        compare_evidence(evidence)
    assert "Try one of:\n- " in str(error.value)
