"""Averages, random pairs and divergences of class consistency, each against sums over pairs written out."""

# pyright: reportArgumentType=false, reportOptionalSubscript=false

from itertools import combinations

import pytest
import torch

from pellucid.distributions import SpikeAndSlab, jensen_shannon
from pellucid.inference import ClassConsistency, class_consistency

DIVERGENCES = {"jensen-shannon": jensen_shannon, "squared": lambda a, b: (a - b).square()}


def by_class(gate, labels, labelled, divergence):
    """Class -> the divergences of its pairs."""
    found = {}
    for j, k in combinations(range(len(gate)), 2):
        if labels[j] == labels[k] and labelled[j] and labelled[k]:
            found.setdefault(labels[j].item(), []).append(DIVERGENCES[divergence](gate[j], gate[k]).sum())
    return found


def expected(gate, labels, labelled, average, divergence):
    found = by_class(gate, labels, labelled, divergence).values()
    if average == "classes":
        return torch.stack([torch.stack(pairs).mean() for pairs in found]).mean()
    return torch.stack([pair for pairs in found for pair in pairs]).mean()


def uneven():
    """Gates of classes of 9, 5, 2 and 1 rows and labels, three of them unknown."""
    torch.manual_seed(0)
    gate = torch.rand(20, 4, dtype=torch.float64)
    labels = torch.tensor([5] * 9 + [-1] * 5 + [0] * 2 + [7] + [5, 5, 0])
    order = torch.randperm(20)
    return gate, labels[order], (torch.arange(20) < 17)[order]


@pytest.mark.parametrize("average", ["pairs", "classes"])
@pytest.mark.parametrize("divergence", list(DIVERGENCES))
def test_value_and_gradient_are_those_of_the_sum_written_out(average, divergence):
    gate, labels, labelled = uneven()
    gate.requires_grad_()
    ours = class_consistency(gate, labels, labelled, average=average, divergence=divergence)
    theirs = expected(gate, labels, labelled, average, divergence)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(*(torch.autograd.grad(v, gate)[0] for v in (ours, theirs)))


def test_with_many_pairs_to_a_row_each_class_still_counts_alike():
    torch.manual_seed(0)
    gate, labels = torch.rand(700, 2, dtype=torch.float64), (torch.arange(700) < 600).long()
    each = [class_consistency(gate[labels == c], torch.zeros(100 + 500 * c)) for c in (0, 1)]
    torch.testing.assert_close(class_consistency(gate, labels, average="classes"), (each[0] + each[1]) / 2)


@pytest.mark.parametrize("average", ["pairs", "classes"])
@pytest.mark.parametrize("divergence", list(DIVERGENCES))
def test_random_pairs_estimate_value_and_gradient_without_bias(average, divergence):
    gate, labels, labelled = uneven()
    gate.requires_grad_()
    options = {"average": average, "divergence": divergence}
    exact = class_consistency(gate, labels, labelled, **options)
    values, slopes = [], []
    for _ in range(600):
        value = class_consistency(gate, labels, labelled, pairs=3, **options)
        values.append(value.detach())
        slopes.append(torch.autograd.grad(value, gate)[0])
    for drawn, truth in ((values, exact.detach()), (slopes, torch.autograd.grad(exact, gate)[0])):
        drawn = torch.stack(drawn)
        error = drawn.std(0) / len(drawn) ** 0.5
        assert ((drawn.mean(0) - truth).abs() <= 4.5 * error + 1e-12).all()


@pytest.mark.parametrize("average", ["pairs", "classes"])
def test_every_pair_is_drawn_as_often_as_it_counts_and_no_other_ever(average):
    gate, labels, labelled = uneven()
    draws = 200_000
    share = torch.zeros(20, 20, dtype=torch.float64)
    sizes = {5: 9, -1: 5, 0: 2}
    for j, k in combinations(range(20), 2):
        if labels[j] == labels[k] and labelled[j] and labelled[k]:
            n = sizes[labels[j].item()]
            share[j, k] = share[k, j] = 1 / 47 if average == "pairs" else 2 / (3 * n * (n - 1))
    # One column a row, in which alone it is on: a pair's slope in its own two entries counts its draws.
    gate = torch.zeros(20, 20, dtype=torch.float64, requires_grad=True)
    value = class_consistency(
        gate + torch.eye(20), labels, labelled, average=average, pairs=draws, divergence="squared"
    )
    counts = -torch.autograd.grad(value, gate)[0] / 2
    counts = counts - counts.diag().diag()
    assert ((counts - share).abs() <= 4.5 * (share * (1 - share) / draws).sqrt()).all()


def test_only_random_pairs_draw_from_the_generator():
    gate, labels, _ = uneven()
    torch.manual_seed(3)
    before = torch.get_rng_state()
    for average in ("pairs", "classes"):
        for divergence in DIVERGENCES:
            class_consistency(gate, labels, average=average, divergence=divergence)
    assert torch.equal(torch.get_rng_state(), before)
    first = class_consistency(gate, labels, pairs=4)
    assert not torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(3)
    assert class_consistency(gate, labels, pairs=4) == first


@pytest.mark.parametrize("pairs", [None, 1, 10])
@pytest.mark.parametrize("average", ["pairs", "classes"])
@pytest.mark.parametrize("divergence", list(DIVERGENCES))
def test_without_a_pair_every_form_is_zero_with_zero_gradient(pairs, average, divergence):
    gate = torch.rand(7, 4, requires_grad=True)
    value = class_consistency(gate, torch.arange(7), average=average, pairs=pairs, divergence=divergence)
    value.backward()
    assert value == 0
    assert torch.equal(gate.grad, torch.zeros(7, 4))


@pytest.mark.parametrize("pairs", [None, 200])
def test_beyond_the_clamp_the_slope_is_zero_and_at_it_finite(pairs):
    gate = torch.tensor([[0.0, 1.0], [0.5, 0.5], [2e-6, 0.3]], requires_grad=True)
    torch.manual_seed(0)
    class_consistency(gate, torch.zeros(3), pairs=pairs).backward()
    assert torch.equal(gate.grad[0], torch.zeros(2))
    assert gate.grad[1:].isfinite().all()
    assert gate.grad[1:].all()


def test_the_squared_control_of_opposite_gates_is_the_number_of_dimensions():
    apart = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    assert class_consistency(apart, torch.zeros(2), divergence="squared") == 3


def test_factor_passes_its_options_on():
    gate, labels, labelled = uneven()
    q = SpikeAndSlab(gate, torch.zeros_like(gate), torch.ones_like(gate)).to_event(1)
    factor = ClassConsistency(average="classes", divergence="squared")
    torch.testing.assert_close(
        factor({"z": q}, labels, labelled), expected(gate, labels, labelled, "classes", "squared")
    )
    torch.manual_seed(0)
    drawn = ClassConsistency(pairs=6)({"z": q}, labels, labelled)
    torch.manual_seed(0)
    assert drawn == class_consistency(gate, labels, labelled, pairs=6)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"average": "rows"}, r"average: expected one of \['pairs', 'classes'\]; given 'rows'"),
        ({"divergence": "l1"}, r"divergence: expected one of \['jensen-shannon', 'squared'\]; given 'l1'"),
        ({"pairs": 0}, r"pairs: expected .* at least 1; given 0"),
        ({"pairs": 2.5}, r"whole number .*given 2\.5"),
        ({"pairs": True}, r"given True"),
    ],
)
def test_an_option_without_meaning_is_refused_by_function_and_factor(option, message):
    with pytest.raises(ValueError, match=message):
        class_consistency(torch.rand(4, 3), torch.zeros(4), **option)
    with pytest.raises(ValueError, match=message):
        ClassConsistency(**option)
