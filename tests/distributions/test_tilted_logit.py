"""Logits and blocks given a label against dense sums: their laws, and the gradients of expectations over them."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import special, stats

from pellucid.distributions import binary_label_marginal, tilted_logit, tilted_normal
from pellucid.distributions.marginal_labels.normal_below import normal_below

LOCS = (-100.0, -5.0, -1.0, 0.0, 2.0, 30.0)
SCALES = (0.01, 0.3, 1.0, 3.0, 10.0, 30.0)
DRAWS = 20_000
FUNCTIONS = {
    "t": (lambda t: t, np.ones_like),
    "t^2": (np.square, lambda t: 2 * t),
    "tanh": (np.tanh, lambda t: 1 - np.tanh(t) ** 2),
    "sin": (np.sin, np.cos),
}


def moved(y, loc, scale):
    """Draws and their own slopes in both arguments."""
    loc, scale = (part.clone().requires_grad_() for part in torch.broadcast_tensors(loc, scale))
    t = tilted_logit(y, loc, scale)
    return t.detach(), *torch.autograd.grad(t.sum(), (loc, scale))


def dense(loc, scale):
    """Noise, logits and the probabilities of a sum for label 1, over where they are not nothing."""
    eps = np.linspace(-14, 14 + max(0.0, min(scale, -loc / scale)), 100_001)
    t = loc + scale * eps
    return eps, t, special.softmax(-0.5 * eps**2 - np.logaddexp(0, -t))


def middle(p):
    """Distribution function at the middle of each cell."""
    return p.cumsum() - p / 2


@pytest.fixture(scope="module", params=LOCS)
def drawn(request):
    """For one mean: of each deviation the deviation, draws given label 1, and slopes."""
    torch.manual_seed(1)
    scale = torch.tensor(SCALES, dtype=torch.float64)[:, None].expand(-1, DRAWS)
    loc = torch.full_like(scale, request.param)
    parts = (part.numpy() for part in moved(torch.ones_like(loc), loc, scale))
    return request.param, list(zip(SCALES, *parts, strict=True))


def test_mean_variance_and_distribution_function_of_draws_are_those_of_a_dense_sum(drawn):
    loc, rows = drawn
    for scale, t, _, _ in rows:
        eps, _, p = dense(loc, scale)
        noise = (t - loc) / scale
        mean = p @ eps
        square = (noise - mean) ** 2
        assert abs(noise.mean() - mean) < 4.5 * noise.std() / DRAWS**0.5
        assert abs(square.mean() - p @ (eps - mean) ** 2) < 4.5 * square.std() / DRAWS**0.5
        assert stats.kstest(np.interp(noise, eps, middle(p)), "uniform").pvalue > 1e-4


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_of_expectations_are_those_of_a_dense_sum(drawn, name):
    loc, rows = drawn
    f, slope = FUNCTIONS[name]
    for scale, draw, by_loc, by_scale in rows:
        eps, t, p = dense(loc, scale)
        for score, move in ((eps / scale, by_loc), ((eps**2 - 1) / scale, by_scale)):
            expected = p @ ((f(t) - p @ f(t)) * (score - p @ score))
            found = slope(draw) * move
            assert abs(found.mean() - expected) < 4.5 * found.std() / DRAWS**0.5 + 1e-6 * (1 + abs(expected))


def test_draws_near_a_quantile_move_on_average_as_the_quantile_does(drawn):
    loc, rows = drawn
    step = 1e-3
    for scale, draw, *moves in rows:
        _, t, p = dense(loc, scale)
        share = np.interp(draw, t, middle(p))
        edges = np.linspace(0, 1, 21)
        quantile = np.linspace(0.0005, 0.9995, 1000)
        ends = [((loc + h, scale), (loc, scale * (1 + h))) for h in (-step, step)]
        for (low, high), move, length in zip(zip(*ends, strict=True), moves, (2 * step, 2 * step * scale), strict=True):
            before, after = (np.interp(quantile, middle(q), x) for _, x, q in (dense(*low), dense(*high)))
            error = move - np.interp(share, quantile, (after - before) / length)
            for lower, upper in pairwise(edges[1:-1]):
                of_bin = error[(share > lower) & (share < upper)]
                assert abs(of_bin.mean()) < 5 * of_bin.std() / len(of_bin) ** 0.5 + 2e-3 * scale


def test_a_draw_never_moves_against_its_mean_nor_faster_than_it(drawn):
    for _, _, by_loc, _ in drawn[1]:
        assert by_loc.min() > -1e-9
        assert by_loc.max() < 1 + 1e-9


def test_label_zero_is_label_one_of_the_opposite_logit_and_an_unknown_label_reads_as_zero():
    loc, scale = torch.linspace(-50, 50, 500), torch.linspace(0, 30, 500)
    draws = []
    for y, sign in ((1.0, 1), (0.0, -1), (math.nan, -1)):
        torch.manual_seed(0)
        t, by_loc, by_scale = moved(torch.full((500,), y), sign * loc, scale)
        draws.append(torch.stack([sign * t, by_loc, sign * by_scale]))
    assert torch.equal(draws[0], draws[1])
    assert torch.equal(draws[0], draws[2])
    torch.manual_seed(0)
    assert torch.equal(tilted_logit(torch.tensor(True), loc, scale), draws[0][0])


def test_draws_with_labels_from_their_marginal_are_normal_again():
    torch.manual_seed(0)
    loc, scale = torch.tensor(1.0), torch.tensor(2.5)
    y = torch.bernoulli(binary_label_marginal(torch.tensor(1.0), loc, scale).exp().expand(50_000))
    t = tilted_logit(y, loc, scale)
    assert stats.kstest(t.numpy(), "norm", (1.0, 2.5)).pvalue > 1e-3


def test_float32_draws_and_slopes_are_the_float64_ones_rounded():
    pairs = torch.cartesian_prod(torch.tensor(LOCS), torch.tensor((0.0, *SCALES, 100.0)))
    found = {}
    for dtype in (torch.float32, torch.float64):
        torch.manual_seed(0)
        found[dtype] = moved(torch.ones(len(pairs)), *pairs.to(dtype).unbind(-1))
    for single, double in zip(found[torch.float32], found[torch.float64], strict=True):
        assert single.dtype == torch.float32
        torch.testing.assert_close(single.double(), double, rtol=1e-5, atol=1e-5)


def test_without_deviation_the_draw_is_the_mean_and_moves_with_the_deviation_by_standard_normal_noise():
    torch.manual_seed(0)
    loc = torch.tensor(LOCS)[:, None].expand(-1, 5000)
    t, by_loc, by_scale = moved(torch.ones(()), loc, torch.zeros(()))
    assert torch.equal(t, loc)
    assert (by_loc == 1).all()
    for row in by_scale.numpy():
        assert stats.kstest(row, "norm").pvalue > 1e-4


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_draws_and_slopes_are_finite_far_beyond_any_trained_logit(dtype):
    locs = torch.tensor([-1e6, -5e3, -100.0, 0.0, 100.0, 1e6])
    loc, scale = torch.cartesian_prod(locs, torch.tensor([0.0, 1e-30, 1e-4, 1.0, 100.0, 1e4])).to(dtype).unbind(-1)
    for y in (0.0, 1.0):
        for part in moved(torch.full((100, 1), y), loc, scale):
            assert part.isfinite().all()


def test_the_law_is_right_fifty_deviations_deep():
    torch.manual_seed(0)
    loc, scale = -4990.0, 100.0  # just before the label's slope would be taken out
    t, by_loc, _ = moved(torch.ones(()), torch.full((DRAWS,), loc).double(), torch.tensor(scale).double())
    at = np.linspace(-60, 60, 100_001)
    p = special.softmax(-0.5 * ((at - loc) / scale) ** 2 - np.logaddexp(0, -at))
    assert stats.kstest(np.interp(t.numpy(), at, middle(p)), "uniform").pvalue > 1e-3
    variance = p @ (at - p @ at) ** 2
    assert abs(by_loc.mean() - variance / scale**2) < 4.5 * by_loc.std() / DRAWS**0.5


@pytest.mark.parametrize("bound", [-1e4, -100.0, -30.1, -29.9, -5.0, 0.0, 9.0, 1e4])
def test_normal_draws_below_a_bound_are_uniform_in_probability(bound):
    torch.manual_seed(0)
    x = normal_below(torch.full((20_000,), bound, dtype=torch.float64)).numpy()
    share = np.exp(special.log_ndtr(x) - special.log_ndtr(bound))
    assert x.max() <= bound
    assert stats.kstest(share, "uniform").pvalue > 1e-3


class Draw(torch.nn.Module):
    def forward(self, y, loc, scale, weight, bias):
        logit = tilted_logit(y, (weight * loc).sum(-1) + bias, scale[..., 0])
        return logit, tilted_normal(y, loc, scale, weight, bias, y > -1)


def test_exported_draws_are_the_same_draws():
    torch.manual_seed(0)
    y, bias = torch.randint(2, (5, 3)).float(), torch.randn(3)
    loc, scale, weight = torch.randn(5, 3, 2), torch.rand(5, 3, 2), torch.randn(3, 2)
    inputs = (y, loc, scale, weight, bias)
    exported = torch.export.export(Draw(), inputs).module()
    drawn = []
    for module in (Draw(), exported):
        torch.manual_seed(1)
        drawn.append(module(*inputs))
    for ours, theirs in zip(*drawn, strict=True):
        torch.testing.assert_close(ours, theirs)


# Blocks: two dimensions each, of seven classifiers.
WEIGHT = [[0.0, 0.0], [1e-6, 2e-6], [1.0, -2.0], [8.0, 3.0], [0.0, 1.5], [1e-25, 0.0], [-2.0, 0.5]]
BIAS = [1.0, 0.0, -0.5, 2.0, -1.0, -1.0, 3.0]
LOC, SCALE = [0.4, -0.7], [0.8, 1.3]
STATISTICS = {
    "c1": lambda c: c[..., 0],
    "c2^2": lambda c: c[..., 1] ** 2,
    "c1 c2": lambda c: c[..., 0] * c[..., 1],
    "sin c1 + cos 2 c2": lambda c: c[..., 0].sin() + (2 * c[..., 1]).cos(),
}


def block_arguments(rows):
    """Leaves of all rows, so that each draw has its own gradient."""
    parts = (torch.tensor(part, dtype=torch.float64) for part in (LOC, SCALE, WEIGHT, BIAS))
    shapes = ((rows, len(BIAS), 2),) * 3 + ((rows, len(BIAS)),)
    return [part.expand(shape).clone().requires_grad_() for part, shape in zip(parts, shapes, strict=True)]


def expectation(statistic, y, loc, scale, weight, bias):
    """Of a function of each block given its label, by a sum over two dimensions."""
    axis = torch.linspace(-9, 9, 161, dtype=torch.float64)
    eta = torch.cartesian_prod(axis, axis)[:, None]
    c = loc + scale * eta
    logit = (2 * y - 1) * ((weight * c).sum(-1) + bias)
    share = (torch.nn.functional.logsigmoid(logit) - eta.square().sum(-1) / 2).softmax(0)
    return (share * statistic(c)).sum(0)


@pytest.mark.parametrize("y", [0.0, 1.0])
def test_expectations_over_blocks_and_their_gradients_are_those_of_a_dense_sum(y):
    torch.manual_seed(0)
    arguments, exact = block_arguments(20_000), block_arguments(1)
    c = tilted_normal(torch.full((20_000, len(BIAS)), y), *arguments)
    for statistic in STATISTICS.values():
        found, expected = statistic(c), expectation(statistic, y, *exact)
        slopes, exact_slopes = (
            torch.autograd.grad(value.sum(), of, retain_graph=True)
            for value, of in ((found, arguments), (expected, exact))
        )
        for draws, value in zip((found, *slopes), (expected, *exact_slopes), strict=True):
            assert ((draws.mean(0) - value).abs() < 4.5 * draws.std(0) / len(draws) ** 0.5 + 1e-5).all()


def test_the_noise_of_a_blocks_gradient_does_not_grow_as_its_classifier_fades():
    torch.manual_seed(0)
    arguments = block_arguments(2000)
    c = tilted_normal(torch.ones(2000, len(BIAS)), *arguments)
    (by_weight,) = torch.autograd.grad(c.sum(), arguments[2])
    assert by_weight.std(0).max() < 1  # a rotation would be by as much as 1 / 1e-6


def test_a_block_whose_label_is_not_known_is_the_normal_draw_and_moves_with_nothing_else():
    torch.manual_seed(0)
    arguments = block_arguments(20_000)
    known = torch.tensor([True, False]).repeat(10_000)[:, None].expand(-1, len(BIAS))
    y = torch.where(known, 1.0, math.nan)
    c = tilted_normal(y, *arguments, known=known)
    grads = torch.autograd.grad(c.sum(), arguments)
    for part in (c, *grads):
        assert part.isfinite().all()
    loc, scale, weight, bias = (grad[~known] for grad in grads)
    noise = ((c - arguments[0]) / arguments[1]).detach()[~known]
    assert (loc == 1).all()
    torch.testing.assert_close(scale, noise)
    assert not weight.any()
    assert not bias.any()
    assert stats.kstest(noise.flatten().numpy(), "norm").pvalue > 1e-3


@pytest.mark.parametrize("y", [0.0, 1.0])
def test_of_one_dimension_a_block_is_its_tilted_logit(y):
    torch.manual_seed(0)
    loc, scale, weight, bias = torch.tensor([[0.5]]), torch.tensor([[2.0]]), torch.tensor([[-1.5]]), torch.tensor([0.3])
    c = tilted_normal(torch.full((20_000, 1), y), loc, scale, weight, bias)[:, 0, 0]
    sign = 2 * y - 1
    _, t, p = dense(sign * (-1.5 * 0.5 + 0.3), 3.0)
    assert stats.kstest(np.interp(sign * (-1.5 * c.numpy() + 0.3), t, middle(p)), "uniform").pvalue > 1e-3


def test_a_block_without_deviation_is_its_mean_with_finite_gradients():
    loc, scale = torch.randn(4, 3, 2, requires_grad=True), torch.zeros(4, 3, 2, requires_grad=True)
    weight, bias = torch.randn(3, 2, requires_grad=True), torch.zeros(3, requires_grad=True)
    c = tilted_normal(torch.ones(4, 3), loc, scale, weight, bias)
    assert torch.equal(c, loc)
    for grad in torch.autograd.grad(c.sum(), (loc, scale, weight, bias)):
        assert grad.isfinite().all()
