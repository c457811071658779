"""A binary variable drawn softly: the draw's law, the divergence of the hard variable, and how labels clamp it."""

# pyright: reportCallIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false, reportOptionalSubscript=false

import pyro.distributions as dist
import pytest
import torch
from torch.distributions import kl_divergence

from pellucid.distributions import Clamped, PartlyObserved, RelaxedBinary

LOGITS = torch.tensor([-3.0, -0.5, 0.0, 2.0], dtype=torch.float64)


@pytest.mark.parametrize("temperature", [0.1, 2 / 3, 5.0])
def test_a_soft_draw_has_the_distribution_function_of_the_concrete_law(temperature):
    torch.manual_seed(0)
    count = 100_000
    draws = RelaxedBinary(LOGITS, temperature).rsample((count,))
    assert (draws >= 0).all()
    assert (draws <= 1).all()
    for v in (0.1, 0.5, 0.9):  # v is reached where the logistic noise is at most T logit(v) - l
        expected = (temperature * torch.tensor(v).logit() - LOGITS).sigmoid()
        error = (expected * (1 - expected) / count).sqrt()
        assert ((draws <= v).double().mean(0) - expected).abs().le(4 * error).all()


def test_a_cold_draw_is_a_hard_one():
    torch.manual_seed(0)
    draws = RelaxedBinary(LOGITS, 1e-4).rsample((1000,))
    assert ((draws < 1e-3) | (draws > 1 - 1e-3)).double().mean() > 0.99


def test_the_draw_has_the_gradient_of_its_formula_and_the_hard_one_none():
    logits = LOGITS.clone().requires_grad_()
    v = RelaxedBinary(logits, torch.tensor(0.5)).rsample()
    (slope,) = torch.autograd.grad(v.sum(), logits)
    torch.testing.assert_close(slope, v.detach() * (1 - v.detach()) / 0.5)
    hard = RelaxedBinary(logits)
    assert not hard.has_rsample
    assert not hard.sample().requires_grad
    assert set(hard.sample((500,)).unique().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("p", [0.05, 0.5, 0.99])
def test_the_divergence_is_that_of_the_binary_variable_whatever_the_temperature(p):
    prior = torch.tensor([1 - p, p], dtype=torch.float64)
    q = torch.stack([1 - LOGITS.sigmoid(), LOGITS.sigmoid()], 1)
    expected = (q * (q / prior).log()).sum(1)
    for temperature in (None, 0.1, 5.0):
        for other in (dist.Bernoulli(prior[1]), RelaxedBinary(prior[1].logit())):  # one prior for all four
            torch.testing.assert_close(kl_divergence(RelaxedBinary(LOGITS, temperature), other), expected)
    vector = kl_divergence(RelaxedBinary(LOGITS, 0.5).to_event(1), dist.Bernoulli(prior[1]).expand([4]).to_event(1))
    torch.testing.assert_close(vector, expected.sum())


def test_the_divergence_of_certain_labels_is_finite_and_so_is_its_gradient():
    logits = torch.tensor([-200.0, 200.0], requires_grad=True)
    divergence = kl_divergence(RelaxedBinary(logits, 0.5), RelaxedBinary(torch.zeros(2)))
    torch.testing.assert_close(divergence, torch.full((2,), 2.0).log())
    divergence.sum().backward()
    assert logits.grad.isfinite().all()


def test_a_variable_has_no_divergence_from_itself_and_no_gradient_of_it():
    logits = (40 * torch.randn(1000)).requires_grad_()
    divergence = kl_divergence(RelaxedBinary(logits, 0.5), RelaxedBinary(logits))
    assert torch.equal(divergence, torch.zeros(1000))
    divergence.sum().backward()
    assert torch.equal(logits.grad, torch.zeros(1000))


def test_labels_have_the_log_probability_of_the_binary_variable():
    for y in (torch.zeros(4), torch.ones(4)):
        expected = dist.Bernoulli(logits=LOGITS).log_prob(y.double())
        torch.testing.assert_close(RelaxedBinary(LOGITS, 0.5).log_prob(y.double()), expected)


def test_known_labels_stand_in_the_place_of_draws_and_cost_their_log_probability():
    known, y = torch.tensor([True, True, False, False]), torch.tensor([1.0, 0.0, torch.nan, torch.nan])
    logits = LOGITS.float().requires_grad_()
    q = Clamped(RelaxedBinary(logits, 0.5), y, known)
    p = PartlyObserved(RelaxedBinary(torch.full((4,), 0.3)), y, known)
    assert q.has_rsample
    assert not q.has_enumerate_support
    v = q.rsample()
    assert torch.equal(v[:2], y[:2])
    assert ((v[2:] > 0) & (v[2:] < 1)).all()
    divergence = kl_divergence(q, p)
    prior = dist.Bernoulli(logits=torch.tensor(0.3))
    torch.testing.assert_close(divergence[:2], -prior.log_prob(y[:2]))
    torch.testing.assert_close(divergence[2:], kl_divergence(dist.Bernoulli(logits=logits[2:]), prior))
    (divergence.sum() + v.sum()).backward()
    assert logits.grad.isfinite().all()
    assert torch.equal(logits.grad[:2], torch.zeros(2))


def test_a_label_that_is_no_label_is_refused():
    with pytest.raises(ValueError, match="support"):
        RelaxedBinary(torch.zeros(2), validate_args=True).log_prob(torch.tensor([0.0, -1.0]))
