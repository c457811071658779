"""Entropy and Jensen-Shannon divergence against scipy, at their limits, and as properties."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from pellucid.distributions import EPS, entropy, jensen_shannon

probability = st.floats(0, 1)


def test_entropy_agrees_with_torch():
    p = torch.rand(1000, dtype=torch.float64)
    torch.testing.assert_close(entropy(p), torch.distributions.Bernoulli(p).entropy())


def test_divergence_agrees_with_scipy():
    p, q = torch.rand(2, 1000, dtype=torch.float64).clamp(EPS, 1 - EPS)
    witness = jensenshannon(torch.stack([p, 1 - p]).numpy(), torch.stack([q, 1 - q]).numpy()) ** 2
    torch.testing.assert_close(jensen_shannon(p, q), torch.from_numpy(witness))


def test_divergence_is_the_information_of_a_draw_about_its_origin():
    p, q = torch.tensor(0.2, dtype=torch.float64), torch.tensor(0.7, dtype=torch.float64)
    joint = torch.stack([p, 1 - p, q, 1 - q]).reshape(2, 2) / 2
    independent = joint.sum(0, keepdim=True) * joint.sum(1, keepdim=True)
    torch.testing.assert_close(jensen_shannon(p, q), (joint * (joint / independent).log()).sum())


@settings(deadline=None)
@given(probability, probability)
def test_divergence_is_symmetric_and_between_zero_and_log_two(p, q):
    p, q = torch.tensor([p], dtype=torch.float64), torch.tensor([q], dtype=torch.float64)
    divergence = jensen_shannon(p, q)
    assert torch.equal(divergence, jensen_shannon(q, p))
    assert -1e-15 <= divergence.item() <= math.log(2)


@settings(deadline=None)
@given(probability)
def test_divergence_of_a_probability_from_itself_is_exactly_zero(p):
    p = torch.tensor([p])
    assert jensen_shannon(p, p).item() == 0


def test_divergence_of_zero_from_one_is_log_two_up_to_the_clamp():
    divergence = jensen_shannon(torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64))
    assert 0 < math.log(2) - divergence.item() < 2 * EPS * (1 - math.log(EPS))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_and_gradients_are_finite_at_zero_and_one(dtype):
    ends = torch.tensor([0, EPS, 0.5, 1 - EPS, 1], dtype=dtype)
    p, q = (part.clone().requires_grad_() for part in torch.meshgrid(ends, ends, indexing="ij"))
    value = jensen_shannon(p, q) + entropy(p)
    value.sum().backward()
    for part in (value, p.grad, q.grad):
        assert part is not None
        assert part.isfinite().all()


def test_arguments_broadcast():
    assert jensen_shannon(torch.rand(5, 1, 3), torch.rand(4, 1)).shape == (5, 4, 3)
