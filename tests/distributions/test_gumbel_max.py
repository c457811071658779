"""Straight-through draws of a class: exact forward, the slope of a softmax backward."""

import pytest
import torch

from pellucid.distributions.gumbel_max import gumbel_max

N = 200_000


@pytest.mark.parametrize("temperature", [0.1, 1.0, 5.0])
def test_classes_are_drawn_as_often_as_their_probabilities_say_whatever_the_temperature(temperature):
    torch.manual_seed(0)
    p = torch.tensor([0.6, 0.25, 0.1, 0.049, 0.001])
    often = gumbel_max((p.log() + 7).expand(N, 5), temperature).mean(0)
    assert ((often - p).abs() < 4 * (p * (1 - p) / N).sqrt()).all()


def test_a_draw_is_one_hot_exactly_and_minus_infinity_is_never_drawn():
    logits = torch.tensor([0.0, -torch.inf, 3.0, -80.0], requires_grad=True)
    draws = gumbel_max(logits.expand(1000, 4))
    assert torch.equal(draws.sum(1), torch.ones(1000))
    assert torch.equal(draws.unique(), torch.tensor([0.0, 1.0]))
    assert draws[:, 1].sum() == 0
    (draws @ torch.arange(4.0)).sum().backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("temperature", [0.3, 2.0])
def test_the_gradient_is_that_of_the_softmax_of_the_disturbed_logits(temperature):
    logits, value = torch.randn(6, 3, dtype=torch.float64, requires_grad=True), torch.tensor([1.0, -2.0, 0.5]).double()
    torch.manual_seed(1)
    (slope,) = torch.autograd.grad((gumbel_max(logits, temperature) @ value).sum(), logits)
    torch.manual_seed(1)
    uniform = torch.rand_like(logits)
    soft = ((logits - (-uniform.log()).log()) / temperature).softmax(-1)
    (expected,) = torch.autograd.grad((soft @ value).sum(), logits)
    torch.testing.assert_close(slope, expected)


def test_certain_logits_have_a_finite_gradient():
    logits = torch.tensor([1e4, 0.0, -1e4], requires_grad=True)
    draw = gumbel_max(logits)
    (draw * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert torch.equal(draw, torch.tensor([1.0, 0.0, 0.0]))
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
