"""Every pair of a class meets once on its circle; value and slope are those of a double loop."""

import pytest
import torch

from pellucid.distributions import jensen_shannon
from pellucid.inference.circle import circle


@pytest.mark.parametrize("sizes", [[1], [2], [5], [6], [1, 4, 1, 7], [3, 3, 2]])
def test_value_and_slope_are_those_of_a_double_loop_over_the_pairs_of_each_class(sizes):
    torch.manual_seed(0)
    size = torch.tensor(sizes).repeat_interleave(torch.tensor(sizes))
    begin = (torch.tensor(sizes).cumsum(0) - torch.tensor(sizes)).repeat_interleave(torch.tensor(sizes))
    weight = torch.rand(len(sizes), dtype=torch.float64).repeat_interleave(torch.tensor(sizes))
    gate = torch.rand(sum(sizes), 3, dtype=torch.float64).clamp(0.01, 0.99).requires_grad_()
    pairs = [(j, k) for j in range(len(gate)) for k in range(j) if begin[j] == begin[k]]
    loop = sum((weight[j] * jensen_shannon(gate[j], gate[k]).sum() for j, k in pairs), gate.sum() * 0)
    for room in (max(sizes), 2 * max(sizes) + 1):  # room to spare changes nothing
        value, slope = circle(gate.detach(), begin, size, weight, torch.arange(1, room // 2 + 1))
        torch.testing.assert_close(value, loop.detach())
        (expected,) = torch.autograd.grad(loop, gate, retain_graph=True)
        torch.testing.assert_close(slope, expected)


def test_gates_that_hardly_differ_keep_their_digits_in_single_precision():
    gate = 0.3 + 1e-3 * torch.rand(200, 60, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    zeros, size = torch.zeros(200, dtype=torch.long), torch.full((200,), 200)
    ahead, weight = torch.arange(1, 101), torch.full((200,), 1 / 19900)
    exact, _ = circle(gate, zeros, size, weight.double(), ahead)
    single, _ = circle(gate.float(), zeros, size, weight, ahead)
    assert abs(single - exact) < 3e-6
