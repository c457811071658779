"""Marginals of labels with Normal logits against dense sums, Monte Carlo and each other, up to full saturation."""

import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from torch._subclasses.fake_tensor import FakeTensorMode

from pellucid.distributions import (
    binary_label_marginal,
    categorical_label_marginal,
    log_expected_sigmoid,
    log_expected_softmax,
)

SCALES = (1e-4, 0.01, 0.3, 1.0, 2.0, 3.0, 5.0, 10.0, 14.0, 30.0, 100.0)
LOCS = (0.0, -0.1, -1.0, -3.9, -4.1, -10.0, -50.0, -100.0)


def grid(dtype, locs=LOCS):
    pairs = torch.cartesian_prod(torch.tensor(locs, dtype=dtype), torch.tensor(SCALES, dtype=dtype))
    return pairs[:, 0].clone().requires_grad_(), pairs[:, 1].clone().requires_grad_()


def dense(loc, scale):
    """The integral and its two slopes by a sum over 10^5 points; slopes as E S' and a E S'', by Stein's lemma."""
    reach = 14 + max(0.0, min(scale, -loc / scale))
    eps = np.linspace(-14, reach, 100_001)
    t = loc + scale * eps
    log_normal = -0.5 * eps**2 - 0.5 * np.log(2 * np.pi) + np.log(eps[1] - eps[0])
    log_p, log_not = -np.logaddexp(0, -t), -np.logaddexp(0, t)
    log_q = logsumexp(log_normal + log_p)
    slope = np.exp(log_normal + log_p + log_not - log_q)
    return log_q, slope.sum(), scale * (slope * np.tanh(-t / 2)).sum()


@pytest.mark.parametrize(
    ("dtype", "of_value", "of_gradient"), [(torch.float64, 1e-9, 1e-8), (torch.float32, 5e-7, 1e-5)]
)
def test_the_binary_integral_and_its_gradients_are_those_of_a_dense_sum_up_to_saturation(dtype, of_value, of_gradient):
    loc, scale = grid(dtype)
    log_q = log_expected_sigmoid(loc, scale)
    log_q.sum().backward()
    expected = np.array([dense(m, a) for m, a in zip(loc.tolist(), scale.tolist(), strict=True)])
    assert loc.grad is not None
    assert scale.grad is not None
    size = 1 if dtype == torch.float64 else 1 + abs(expected[:, 0])
    assert (abs(log_q.detach().double().numpy() - expected[:, 0]) / size).max() < of_value
    for found, slope in ((loc.grad, expected[:, 1]), (scale.grad, expected[:, 2])):
        np.testing.assert_allclose(found.double().numpy(), slope, rtol=of_gradient, atol=1e-15)


def test_both_labels_of_a_saturated_logit_keep_their_relative_precision():
    loc, scale = grid(torch.float64)
    rare, sure = log_expected_sigmoid(loc, scale), log_expected_sigmoid(-loc, scale)
    torch.testing.assert_close(sure, torch.log1p(-rare.exp()), rtol=1e-9, atol=0)
    torch.testing.assert_close(rare.exp() + sure.exp(), torch.ones_like(rare), rtol=0, atol=1e-9)
    (slope,) = torch.autograd.grad(sure.sum(), loc)
    (mirrored,) = torch.autograd.grad(rare.sum(), loc)
    torch.testing.assert_close(slope, -mirrored * (rare - sure).exp(), rtol=1e-8, atol=0)


def test_tilting_a_normal_by_the_exponential_moves_its_mean_by_its_variance():
    loc, scale = torch.cartesian_prod(torch.linspace(-40, 10, 11), torch.linspace(0, 6, 7)).double().unbind(-1)
    tilted = loc + scale**2 / 2 + log_expected_sigmoid(-loc - scale**2, scale)
    torch.testing.assert_close(log_expected_sigmoid(loc, scale), tilted, rtol=0, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_without_deviation_the_integral_is_the_logistic_function_and_its_slope_in_the_deviation_is_zero(dtype):
    loc = torch.linspace(-100, 100, 41, dtype=dtype)
    scale = torch.zeros_like(loc, requires_grad=True)
    log_q = log_expected_sigmoid(loc, scale)
    log_q.sum().backward()
    torch.testing.assert_close(log_q, torch.nn.functional.logsigmoid(loc), rtol=1e-6, atol=1e-9)
    assert scale.grad is not None
    assert (scale.grad == 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_and_gradients_are_finite_far_beyond_any_trained_logit(dtype):
    loc, scale = grid(dtype, (-1e6, -1e3, 0.0, 1e3, 1e6))
    log_q = log_expected_sigmoid(loc, scale)
    log_q.sum().backward()
    for part in (log_q, loc.grad, scale.grad):
        assert part is not None
        assert part.isfinite().all()


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("loc", [-30.0, -1.0, 2.0])
def test_the_weight_of_a_draw_averages_to_one_under_the_posterior_for_either_label(loc, scale):
    reach = 14 + min(scale, abs(loc) / scale)  # where the rarer label moves the posterior to
    eps = torch.linspace(-reach, reach, 200_001, dtype=torch.float64)
    t = loc + scale * eps
    for y in (0.0, 1.0):
        log_q = binary_label_marginal(torch.tensor(y), torch.tensor(loc).double(), torch.tensor(scale).double())
        log_w = torch.nn.functional.logsigmoid((2 * y - 1) * t) - log_q
        density = (log_w - eps**2 / 2 - 0.5 * math.log(2 * math.pi)).exp()
        assert torch.trapezoid(density, eps).item() == pytest.approx(1, abs=1e-8)


def test_a_label_selects_the_sign_of_the_logit_and_an_unknown_one_leaves_gradients_finite():
    loc, scale = torch.tensor([0.7, 0.7, 0.7], requires_grad=True), torch.tensor(2.0)
    log_q = binary_label_marginal(torch.tensor([1.0, 0.0, math.nan]), loc, scale)
    up, down = log_expected_sigmoid(loc[0], scale), log_expected_sigmoid(-loc[0], scale)
    torch.testing.assert_close(log_q, torch.stack([up, down, down]))
    log_q.sum().backward()
    assert loc.grad is not None
    assert loc.grad.isfinite().all()
    known = binary_label_marginal(torch.tensor([True, False]), loc[:2], scale)
    assert torch.equal(known, log_q[:2])


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 3e-6), (torch.float32, 3e-5)])
def test_of_two_classes_the_softmax_is_the_logistic_function_of_a_difference_of_normals(dtype, tolerance):
    loc, scale = torch.tensor([0.0, -3.0, -30.0, -100.0]), torch.tensor([0.0, 0.1, 1.0, 1.3, 3.0, 10.0, 30.0])
    m, a, b = torch.cartesian_prod(loc, scale, scale).to(dtype).unbind(-1)
    m.requires_grad_()
    log_q = log_expected_softmax(torch.stack([m, 0 * m], -1), torch.stack([a, b], -1))
    difference = log_expected_sigmoid(m, torch.hypot(a, b)), log_expected_sigmoid(-m, torch.hypot(a, b))
    torch.testing.assert_close(log_q, torch.stack(difference, -1), rtol=2e-7, atol=tolerance)
    (found,), (expected,) = (torch.autograd.grad(q.sum(), m) for q in (log_q[:, 0], difference[0]))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-12)


THREE_CLASSES = [
    ([1.0, 0.0, -2.0], [0.5, 1.0, 1.5]),
    ([0.0, 5.0, -4.0], [30.0, 8.0, 0.3]),
    ([0.0, -10.0, 3.0], [7.0, 7.0, 6.0]),
    ([0.0, -20.0, 0.5], [0.1, 2.0, 0.9]),
    ([0.0, 1.0, -30.0], [1.01, 0.99, 12.0]),
]


def dense_softmax(loc, scale):
    """Of three classes: a sum over 10^6 pairs of differences to the third logit."""
    eps = torch.linspace(-10, 10, 1001, dtype=torch.float64)
    first = torch.hypot(scale[0], scale[2])
    shared = scale[2] ** 2 / first
    second = (scale[1] ** 2 + scale[2] ** 2 - shared**2).sqrt()
    one, two = loc[0] - loc[2] + first * eps[:, None], loc[1] - loc[2] + shared * eps[:, None] + second * eps
    logits = torch.stack([one.expand_as(two), two, torch.zeros_like(two)])
    log_normal = -(eps[:, None] ** 2 + eps**2) / 2 - math.log(2 * math.pi) + 2 * (eps[1] - eps[0]).log()
    return (logits.log_softmax(0) + log_normal).logsumexp((1, 2))


@pytest.mark.parametrize(("loc", "scale"), THREE_CLASSES)
def test_the_probabilities_of_three_classes_and_their_gradients_are_those_of_a_dense_sum(loc, scale):
    loc, scale = (torch.tensor(part, dtype=torch.float64, requires_grad=True) for part in (loc, scale))
    found, expected = log_expected_softmax(loc, scale), dense_softmax(loc, scale)
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-6)
    single = log_expected_softmax(loc.float(), scale.float()).double()
    torch.testing.assert_close(single, expected, rtol=4e-7, atol=3e-6)
    for k in range(3):
        slopes = [torch.autograd.grad(q[k], (loc, scale), retain_graph=True) for q in (found, expected)]
        torch.testing.assert_close(*slopes, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("scale", [0.1, 1.0, 6.0])
def test_class_probabilities_agree_with_monte_carlo(scale):
    torch.manual_seed(0)
    loc, deviation = torch.randn(6), scale * (torch.rand(6) + 0.2)
    draws = (loc + deviation * torch.randn(200_000, 6)).softmax(-1)
    error = draws.std(0) / len(draws) ** 0.5
    assert ((log_expected_softmax(loc, deviation).exp() - draws.mean(0)).abs() < 4.5 * error).all()


def test_without_deviation_the_probabilities_are_the_softmax_itself():
    loc = torch.tensor([[0.0, 5.0, -40.0], [90.0, -2.0, 90.0]], dtype=torch.float64)
    found = log_expected_softmax(loc, torch.zeros(3, dtype=torch.float64))
    torch.testing.assert_close(found, loc.log_softmax(-1), rtol=0, atol=1e-7)


def test_a_hundred_classes_with_exchangeable_logits_are_equally_likely():
    log_q = log_expected_softmax(torch.full((2, 100), 3.0), torch.tensor([[0.5], [20.0]]))
    torch.testing.assert_close(log_q, torch.full((2, 100), -math.log(100)))


def test_probabilities_of_classes_sum_to_one_and_do_not_depend_on_a_constant_or_on_their_order():
    torch.manual_seed(0)
    loc, scale = 20 * torch.randn(5, 7, dtype=torch.float64), 10 * torch.rand(5, 7, dtype=torch.float64)
    log_q, order = log_expected_softmax(loc, scale), torch.randperm(7)
    torch.testing.assert_close(log_q.logsumexp(-1), torch.zeros(5, dtype=torch.float64), rtol=0, atol=1e-12)
    torch.testing.assert_close(log_expected_softmax(loc + 500, scale), log_q, rtol=0, atol=1e-9)
    torch.testing.assert_close(log_expected_softmax(loc[:, order], scale[:, order]), log_q[:, order])
    assert (log_expected_softmax(loc[:, :1], scale[:, :1]) == 0).all()


def test_gradients_of_class_probabilities_agree_with_finite_differences():
    loc = torch.tensor([0.3, -1.0, 2.0], dtype=torch.float64, requires_grad=True)
    scale = torch.tensor([0.5, 3.0, 8.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(log_expected_softmax, (loc, scale), atol=1e-6, rtol=1e-5)


def test_gradients_of_class_probabilities_are_finite_up_to_saturation():
    loc = torch.tensor([[0.0, -100.0, 100.0], [0.0, 0.0, 0.0]], requires_grad=True)
    scale = torch.tensor([[1e-4, 100.0, 1.2], [0.0, 0.0, 100.0]], requires_grad=True)
    log_q = log_expected_softmax(loc, scale)
    for k in range(3):
        for part in torch.autograd.grad(log_q[:, k].sum(), (loc, scale), retain_graph=True):
            assert part.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_class_probabilities_and_their_gradients_are_finite_far_beyond_any_trained_logit(dtype):
    means = torch.tensor([[-1e6, 0.0, 1e6], [0.0, 1e3, 1e3], [5e5, -5e5, 0.0]], dtype=dtype)
    for deviation in ([0.0, 0.0, 0.0], [0.0, 1e3, 1e-4], [1e4, 1e4, 1.0], [40.0, 1e-30, 300.0]):
        loc, scale = means.clone().requires_grad_(), torch.tensor(deviation, dtype=dtype).repeat(3, 1).requires_grad_()
        log_q = log_expected_softmax(loc, scale)
        assert log_q.isfinite().all()
        for k in range(3):
            for part in torch.autograd.grad(log_q[:, k].sum(), (loc, scale), retain_graph=True):
                assert part.isfinite().all()


def test_slopes_of_class_probabilities_sum_to_zero_over_classes_in_every_mean_and_deviation():
    torch.manual_seed(0)
    loc = (10 * torch.randn(4, 6, dtype=torch.float64)).requires_grad_()
    scale = (8 * torch.rand(4, 6, dtype=torch.float64)).requires_grad_()
    for part in torch.autograd.grad(log_expected_softmax(loc, scale).exp().sum(), (loc, scale)):
        torch.testing.assert_close(part, torch.zeros_like(part), rtol=0, atol=1e-12)


def test_the_mean_of_draws_approaches_the_integral_from_below():
    torch.manual_seed(0)
    y, loc, scale = torch.ones(20_000), torch.tensor(-2.0), torch.tensor(2.0)
    exact = binary_label_marginal(y[0], loc, scale)
    bias = [(binary_label_marginal(y, loc.expand(20_000), scale, draws=n) - exact) for n in (1, 10, 100)]
    mean, error = (torch.stack([getattr(b, name)() for b in bias]) for name in ("mean", "std"))
    assert (mean < -4 * error / 20_000**0.5).all()
    assert (mean.diff() > 0).all()
    variance = (loc + scale * torch.randn(1_000_000)).sigmoid().var()
    assert mean[2].item() == pytest.approx((-variance / 200 / exact.exp() ** 2).item(), rel=0.2)


def test_draws_of_class_probabilities_agree_with_the_integral_and_carry_gradients():
    torch.manual_seed(0)
    loc = torch.tensor([0.0, 1.0, -1.0], requires_grad=True)
    scale = torch.tensor([1.0, 2.0, 0.5])
    sampled, exact = (categorical_label_marginal(loc, scale, draws=n) for n in (200_000, None))
    torch.testing.assert_close(sampled, exact, rtol=0, atol=0.02)
    slopes = [torch.autograd.grad(q[0], loc)[0] for q in (sampled, exact)]
    torch.testing.assert_close(*slopes, rtol=0, atol=0.02)


@pytest.mark.parametrize("draws", [0, -3])
def test_less_than_one_draw_is_refused_with_a_remedy(draws):
    with pytest.raises(ValueError, match="draws: expected a positive number"):
        binary_label_marginal(torch.ones(2), torch.zeros(2), torch.ones(2), draws=draws)
    with pytest.raises(ValueError, match="draws=None"):
        categorical_label_marginal(torch.zeros(2), torch.ones(2), draws=draws)


def test_arguments_broadcast_and_keep_their_type():
    for dtype in (torch.float32, torch.float64):
        q = binary_label_marginal(torch.ones(3), torch.zeros(5, 1, dtype=dtype), torch.ones((), dtype=dtype))
        assert (q.shape, q.dtype) == ((5, 3), dtype)
        q = categorical_label_marginal(torch.zeros(5, 1, 4, dtype=dtype), torch.ones(2, 1, dtype=dtype))
        assert (q.shape, q.dtype) == ((5, 2, 4), dtype)


class Marginals(torch.nn.Module):
    def forward(self, y, loc, scale):
        return binary_label_marginal(y, loc, scale), categorical_label_marginal(loc, scale)


def test_a_captured_graph_repeats_values_and_gradients_on_both_sides_of_every_branch():
    inputs = torch.tensor([[1.0, math.nan]]), torch.zeros(1, 2), torch.ones(1, 2)
    captured = torch.export.export(Marginals(), inputs, strict=False).module()
    loc, scale = torch.tensor([[-90.0, 30.0]], requires_grad=True), torch.tensor([[0.1, 20.0]], requires_grad=True)
    results = [module(inputs[0], loc, scale) for module in (Marginals(), captured)]
    for eager, repeated in zip(*results, strict=True):
        torch.testing.assert_close(repeated, eager, rtol=0, atol=0)
        slopes = [torch.autograd.grad(q[..., 0].sum(), (loc, scale), retain_graph=True) for q in (eager, repeated)]
        torch.testing.assert_close(*slopes, rtol=0, atol=0)


def test_nothing_stays_behind_on_the_cpu():
    with FakeTensorMode():
        y, loc, scale = (torch.ones(4, 3, device="cuda") for _ in range(3))
        for draws in (None, 5):
            assert binary_label_marginal(y, loc, scale, draws=draws).device.type == "cuda"
            assert categorical_label_marginal(loc, scale, draws=draws).device.type == "cuda"
