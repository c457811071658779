"""The features whose squared distance is the Jensen-Shannon divergence, against the divergence itself."""

import pytest
import torch

from pellucid.distributions import EPS, jensen_shannon
from pellucid.inference.class_means import classes_of, mean_within
from pellucid.inference.embedding import embed, spread, spread_in_blocks

SHUT = torch.logspace(-6, -1, 30, dtype=torch.float64)
GRID = torch.cat([SHUT, torch.linspace(0.1, 0.9, 30, dtype=torch.float64), 1 - SHUT]).clamp(EPS, 1 - EPS)


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 5e-7), (torch.float64, 1e-10)])
def test_squared_distance_is_the_divergence_from_one_end_of_the_clamp_to_the_other(dtype, error):
    features = embed(GRID[:, None].to(dtype))
    distance = (features[:, None] - features).square().sum(-1)
    truth = jensen_shannon(GRID.to(dtype).double()[:, None], GRID.to(dtype).double())
    torch.testing.assert_close(distance.double(), truth, rtol=0, atol=error)


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 3e-6), (torch.float64, 1e-9)])
def test_slope_of_the_distance_is_that_of_the_divergence(dtype, error):
    p = GRID.to(dtype)[:, None].expand(len(GRID), len(GRID)).clone().requires_grad_()
    q = GRID.to(dtype).expand_as(p)
    distance = (embed(p.reshape(-1, 1)) - embed(q.reshape(-1, 1))).square().sum()
    exact = p.detach().double(), q.double()
    middle = (exact[0] + exact[1]) / 2
    truth = (torch.logit(exact[0]) - torch.logit(middle)) / 2
    torch.testing.assert_close(torch.autograd.grad(distance, p)[0].double(), truth, rtol=2e-5, atol=error)


def test_equal_gates_are_no_distance_apart():
    gate = torch.full((300, 7), 0.3)
    zeros = torch.zeros(300, dtype=torch.long)
    assert spread_in_blocks(gate, zeros, torch.full((300,), 300), torch.ones(300))[0].abs() < 1e-8


def test_spread_is_the_sum_over_pairs_of_squared_distances():
    torch.manual_seed(0)
    x = torch.randn(9, 4, dtype=torch.float64)
    theirs = (x[:, None] - x).square().sum() / 2
    torch.testing.assert_close(spread(x, x.mean(0), torch.full((9,), 9.0, dtype=torch.float64)), theirs)


@pytest.mark.parametrize("block", [1, 700, 2**18])
def test_spread_in_blocks_is_the_spread_of_the_features_and_its_slope(monkeypatch, block):
    monkeypatch.setattr("pellucid.inference.embedding.BLOCK", block)
    torch.manual_seed(0)
    gate, weight = torch.rand(9, 5, dtype=torch.float64), torch.rand(9, dtype=torch.float64)
    first, size = classes_of(torch.arange(9) % 2, torch.arange(9) < 7)
    weight = weight[first]  # equal within a class, or the mean would pull
    features = embed(gate.requires_grad_())
    theirs = spread(features, mean_within(features, first, size), weight)
    value, slope = spread_in_blocks(gate.detach(), first, size, weight)
    torch.testing.assert_close(value, theirs.detach())
    torch.testing.assert_close(slope, torch.autograd.grad(theirs, gate)[0])
