"""The law of a Normal logit with Gumbel noise against dense sums, in both tails and on both sides of its branch."""

import math

import numpy as np
import pytest
import torch

from pellucid.distributions.marginal_labels.noisy_logit import noisy_logit_law


def dense(y, scale):
    """The law, its density and its slope by a sum over the Normal."""
    eps = np.linspace(-16, 16, 40_001)
    weight = np.exp(-(eps**2) / 2) / np.sqrt(2 * np.pi) * (eps[1] - eps[0])
    rate = np.exp(np.minimum(scale * eps - y, 300))
    law = weight * np.exp(-rate)
    return law.sum(), (law * rate).sum(), (law * rate * (rate - 1)).sum()


@pytest.mark.parametrize("scale", [0.0, 0.3, 0.999, 1.001, 1.5, 3.0, 10.0, 30.0])
def test_law_density_and_slope_are_those_of_a_dense_sum_where_a_class_may_have_its_weight(scale):
    y = torch.linspace(-scale * min(scale + 6, 12) - 1, 7 * scale + 15, 60, dtype=torch.float64)
    log_cdf, log_density, slope = (part.numpy() for part in noisy_logit_law(y, torch.tensor([scale]).double()))
    cdf, density, turn = np.array([dense(point, scale) for point in y.tolist()]).T
    share = np.log(cdf) - y.numpy()  # no other class falls faster than this rises
    share = np.where(np.arange(60) < share.argmax(), np.exp(share - share.max()), 1)
    assert (share * abs(log_cdf - np.log(cdf))).max() < 1e-5
    assert (share * abs(log_density - np.log(density))).max() < 1e-4
    assert (share * abs(slope - turn / density)).max() < 1e-4


@pytest.mark.parametrize("scale", [0.7, 4.0])
def test_the_density_is_the_law_tilted_by_the_exponential(scale):
    y = torch.linspace(-scale, 6 * scale + 10, 30, dtype=torch.float64)
    deviation = torch.tensor([scale], dtype=torch.float64)
    _, log_density, _ = noisy_logit_law(y, deviation)
    log_cdf, _, _ = noisy_logit_law(y - scale**2, deviation)
    torch.testing.assert_close(log_density, scale**2 / 2 - y + log_cdf, rtol=0, atol=2e-5)


def test_without_deviation_the_law_is_gumbels():
    y = torch.linspace(-3, 200, 50)
    log_cdf, log_density, slope = noisy_logit_law(y, torch.zeros(1))
    torch.testing.assert_close(log_cdf, -(-y).exp(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(log_density, -y - (-y).exp(), rtol=1e-6, atol=1e-5)
    torch.testing.assert_close(slope, (-y).exp() - 1, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_far_tails_are_finite_and_fall_like_the_exponential(dtype):
    y, scale = torch.tensor([1e3, 1e6], dtype=dtype), torch.tensor([[0.0], [1.0], [30.0]], dtype=dtype)
    log_cdf, log_density, slope = noisy_logit_law(y, scale)
    assert (log_cdf.abs() < 1e-6).all()
    torch.testing.assert_close(log_density, scale**2 / 2 - y, rtol=1e-6, atol=math.log(2))
    torch.testing.assert_close(slope, -torch.ones_like(slope), rtol=0, atol=0.5)
