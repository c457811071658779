"""The aggregate term of a learned prior: its value, its limits, and its place in the loss."""

import math
from typing import ClassVar

import pytest
import torch

from pellucid import zoo
from pellucid.inference import AggregateSparsity, aggregate_sparsity
from pellucid.schedules import Ramp


class Tiny:
    shape: ClassVar[tuple[int, ...]] = (1, 4, 4)
    n_data: ClassVar[int] = 30


def bernoulli(p, a):
    return p * math.log(p / a) + (1 - p) * math.log((1 - p) / (1 - a))


@pytest.mark.parametrize(("rows", "dim", "alpha"), [(1, 1, 0.3), (7, 5, 0.05), (20, 60, 0.9)])
def test_value_is_that_of_a_double_loop_over_pseudo_inputs_and_dimensions(rows, dim, alpha):
    gate = torch.rand(rows, dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    total, columns = 0.0, []
    for j in range(dim):
        column = 0.0
        for u in range(rows):
            column += float(gate[u, j])
        columns.append(column / rows)
        total += column
    pooled, apart = aggregate_sparsity(gate, alpha), aggregate_sparsity(gate, alpha, pooled=False)
    assert abs(pooled - dim * bernoulli(total / (rows * dim), alpha)) < 1e-9
    assert abs(apart - sum(bernoulli(p, alpha) for p in columns)) < 1e-9
    assert apart >= pooled - 1e-9


def test_a_mean_gate_of_alpha_costs_nothing_however_it_is_spread():
    gate = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]], dtype=torch.float64)
    assert aggregate_sparsity(gate, 0.25) == 0
    assert aggregate_sparsity(torch.full((9, 6), 0.05, dtype=torch.float64), 0.05).abs() < 1e-15
    assert aggregate_sparsity(gate, 0.25, pooled=False) > 0.5


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("pooled", [True, False])
def test_gates_all_shut_or_all_open_have_a_finite_value_and_gradient(value, pooled):
    gate = torch.full((4, 3), value, requires_grad=True)
    cost = aggregate_sparsity(gate, 0.2, pooled=pooled)
    cost.backward()
    expected = 3 * -math.log(0.8 if value == 0 else 0.2)
    assert abs(cost.item() - expected) < 1e-3
    assert gate.grad is not None
    assert gate.grad.isfinite().all()


def pair_with(weight=None):
    torch.manual_seed(0)
    pair = zoo.vsc(Tiny, dim=5, hidden=(8,), alpha=0.1, prior="pseudo-inputs", pseudo_inputs=3)
    if weight is not None:
        pair.factors[0].weight.fill_(weight)
    return pair


@pytest.mark.parametrize("rows", [3, Tiny.n_data, Tiny.n_data + 11])
def test_it_enters_the_loss_once_in_nats_per_row_under_its_name_and_stays_out_of_the_bound(rows):
    x, found = torch.rand(rows, 1, 4, 4, generator=torch.Generator().manual_seed(0)), {}
    for weight in (0.0, 1.0, 100.0):
        torch.manual_seed(1)
        found[weight] = pair_with(weight)(x)
    value = aggregate_sparsity(pair_with().model.prior.gates(), 0.1)
    assert value > 1
    for weight, terms in found.items():
        torch.testing.assert_close(terms.summary()["aggregate"], (weight * value).detach())
        torch.testing.assert_close(terms.loss - found[0.0].loss, weight * value, rtol=1e-4, atol=1e-4)
        assert torch.equal(terms.bound, found[0.0].bound)


def test_minimised_alone_it_brings_the_mean_gate_to_alpha():
    pair = pair_with()
    (factor,) = pair.factors
    optimiser = torch.optim.Adam(pair.model.prior.parameters(), lr=3e-2)
    for _ in range(100):
        optimiser.zero_grad()
        factor({}, None, None).backward()
        optimiser.step()
    assert abs(pair.model.prior.gates().mean() - 0.1) < 0.005


def test_its_gradient_reaches_every_pseudo_input_picked_or_not():
    pair = pair_with()
    pair.factors[0]({}, None, None).backward()
    assert pair.model.prior.pixels.grad.flatten(1).any(1).all()


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, float("nan")])
def test_an_alpha_that_is_no_probability_is_refused(alpha):
    with pytest.raises(ValueError, match="alpha: expected a probability strictly between 0 and 1"):
        AggregateSparsity(lambda: torch.rand(2, 2), alpha)


def test_a_weight_may_be_warmed_up():
    factor = AggregateSparsity(lambda: torch.rand(2, 2), 0.1, Ramp(0, 1))
    assert float(factor.weight) == 0
