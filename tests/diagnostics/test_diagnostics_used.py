"""Used dimensions: the clamping cost in closed form, the definition case by case."""

import numpy as np
import pytest
import torch

from pellucid.diagnostics import clamp_cost, used_dimensions


def test_the_cost_under_a_linear_gaussian_decoder_is_half_the_variance_times_the_squared_weights():
    torch.manual_seed(0)
    z, weight, noise = torch.randn(400, 5, dtype=torch.float64), torch.randn(5, 12, dtype=torch.float64), 0.7
    x = z @ weight  # no residual, so the loss at z is zero and the cross term vanishes
    cost = clamp_cost(lambda code: ((x - code @ weight) ** 2).sum(-1) / (2 * noise**2), z)
    expected = z.var(0, correction=0) * weight.square().sum(-1) / (2 * noise**2)
    np.testing.assert_allclose(cost, expected.numpy(), rtol=1e-9)


def test_the_cost_is_zero_for_a_dimension_that_is_ignored_or_constant():
    z = torch.randn(20, 3)
    z[:, 2] = 4.0
    cost = clamp_cost(lambda code: code[:, 0] ** 2 + code[:, 2] ** 2, z)
    assert cost[1] == pytest.approx(0, abs=1e-6)
    assert cost[2] == pytest.approx(0, abs=1e-6)
    assert cost[0] == pytest.approx(-z[:, 0].var(correction=0).item(), rel=1e-4)  # clamping may help, and says so


def test_clamping_leaves_the_codes_and_the_gradients_of_the_caller_alone():
    z = torch.randn(6, 2, requires_grad=True)
    before = z.detach().clone()
    clamp_cost(lambda code: code.sum(-1), z)
    assert torch.equal(z.detach(), before)
    assert z.grad is None


def test_the_gate_must_be_open_on_one_to_ninety_nine_percent_of_the_rows():
    rows = np.arange(1000)[:, None]
    gate = np.where(rows < np.array([0, 9, 10, 500, 990, 991, 1000]), 0.9, 0.1)
    used = used_dimensions(gate, np.full(7, 1.0))
    assert used.tolist() == [False, False, True, True, True, False, False]


def test_information_admits_a_gate_that_is_always_open_and_never_excludes_one():
    gate = np.array([[1.0, 1.0, 0.9], [1.0, 1.0, 0.1]])
    assert used_dimensions(gate, np.ones(3), np.array([0.06, 0.05, 0.0])).tolist() == [True, False, True]
    assert used_dimensions(None, np.ones(3), np.array([0.06, 0.05, 0.0])).tolist() == [True, False, False]


def test_a_dimension_that_the_reconstruction_would_not_miss_is_unused_whatever_its_gate():
    gate = torch.tensor([[0.9, 0.9, 0.9], [0.1, 0.1, 0.1]])
    used = used_dimensions(gate, np.array([0.1, 0.11, -3.0]), torch.tensor([9.0, 9.0, 9.0]))
    assert used.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: used_dimensions(None, np.ones(2)), r"got neither"),
        (lambda: used_dimensions(np.full((4, 3), 0.5), np.ones(2)), r"gate: expected as many dimensions .* 2; got 3"),
        (lambda: used_dimensions(None, np.ones(2), np.ones(3)), r"information: expected as many dimensions"),
        (lambda: used_dimensions(None, np.array([np.nan]), np.ones(1)), r"clamp_cost: .* 1 values not finite"),
        (lambda: clamp_cost(lambda z: z.sum(), torch.ones(3, 2)), r"reconstruction: .* shape \[3\]; got \[\]"),
        (lambda: clamp_cost(lambda z: z.sum(-1).log(), -torch.ones(3, 2)), r"reconstruction: expected one finite loss"),
        (lambda: clamp_cost(lambda z: z, torch.ones(3)), r"z: expected codes of shape \[rows, dimensions\]"),
    ],
)
def test_bad_input_is_named_with_a_remedy(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "Try one of:\n- " in str(error.value)
