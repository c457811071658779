"""The all-sample consistency as an information, and the class means it is made of."""

# pyright: reportArgumentType=false, reportOptionalMemberAccess=false

import math

import pytest
import torch

from pellucid.distributions import SpikeAndSlab, entropy, jensen_shannon
from pellucid.inference import class_consistency
from pellucid.inference.all_sample import AllSampleConsistency, all_sample_consistency
from pellucid.inference.class_means import own_class_mean


def batch(rows=30, classes=4):
    torch.manual_seed(0)
    return torch.rand(rows, 3, dtype=torch.float64), torch.randint(0, classes, (rows,)) - 2, torch.rand(rows) < 0.7


def test_own_class_mean_is_the_mean_over_the_rows_of_the_class_and_the_row_itself_where_unknown():
    gate, labels, known = batch()
    mean = own_class_mean(gate, labels, known)
    for n in range(30):
        rows = gate[(labels == labels[n]) & known] if known[n] else gate[n : n + 1]
        torch.testing.assert_close(mean[n], rows.mean(0))


def test_own_class_mean_can_be_traced_and_gives_a_row_without_a_class_its_own_gate():
    class Module(torch.nn.Module):
        def forward(self, gate, labels, known):
            return own_class_mean(gate, labels, known)

    gate, labels, known = batch()
    graph = torch.export.export(Module(), (gate, labels, known), strict=False).module()
    for other in (labels, torch.zeros_like(labels), torch.arange(30)):
        assert torch.equal(graph(gate, other, known), own_class_mean(gate, other, known))
    assert torch.equal(own_class_mean(gate, torch.full((30,), torch.nan), known), gate)


def test_value_is_the_information_between_spike_and_sample_within_the_class_by_its_joint_table():
    gate, labels, known = batch()
    total = 0.0
    for c in labels[known].unique():
        rows = gate[known & (labels == c)]
        joint = torch.stack([rows, 1 - rows]) / len(rows)  # [spike, row, dimension]
        independent = joint.sum(0, keepdim=True) * joint.sum(1, keepdim=True)
        total += len(rows) / known.sum() * (joint * (joint / independent).log()).sum()
    torch.testing.assert_close(all_sample_consistency(gate, labels, known), total)


def test_gradient_agrees_with_finite_differences():
    gate, labels, known = batch(8, 2)
    gate = (0.1 + 0.8 * gate).requires_grad_()
    assert torch.autograd.gradcheck(lambda g: all_sample_consistency(g, labels, known), (gate,))


def test_two_rows_of_a_class_are_their_divergence():
    a, b = torch.rand(2, 5).unbind()
    torch.testing.assert_close(all_sample_consistency(torch.stack([a, b]), torch.zeros(2)), jensen_shannon(a, b).sum())


def test_of_two_equal_groups_of_opposite_gates_it_is_twice_the_mean_over_pairs():
    gate = torch.tensor([[1.0], [0.0]]).repeat(1000, 1)
    value = all_sample_consistency(gate, torch.zeros(2000))
    assert value.item() == pytest.approx(math.log(2), rel=1e-4)
    assert (value / class_consistency(gate, torch.zeros(2000))).item() == pytest.approx(2, rel=2e-3)


def test_attributes_are_averaged_and_a_shift_of_one_class_costs_nothing():
    gate, labels, known = batch()
    both = torch.stack([labels, labels % 2], 1)
    each = [all_sample_consistency(gate, both[:, i], known) for i in (0, 1)]
    torch.testing.assert_close(all_sample_consistency(gate, both, known), sum(each) / 2)
    assert all_sample_consistency(torch.eye(4)[torch.arange(12) % 4], torch.arange(12) % 4).abs() < 1e-6


@pytest.mark.parametrize(
    ("labels", "known"),
    [(torch.arange(7), None), (torch.zeros(7), torch.zeros(7).bool()), (torch.full((7,), torch.nan), None)],
    ids=["singletons", "unlabelled", "NaN"],
)
def test_without_two_rows_of_a_class_value_and_gradient_are_zero(labels, known):
    gate = torch.rand(7, 4, requires_grad=True)
    value = all_sample_consistency(gate, labels, known)
    value.backward()
    assert value == 0
    assert gate.grad.abs().max() < 1e-6


def test_slope_at_shut_and_open_gates_is_finite():
    gate = torch.tensor([[0.0, 1.0], [0.5, 0.5]], requires_grad=True)
    all_sample_consistency(gate, torch.zeros(2)).backward()
    assert gate.grad.isfinite().all()


def test_it_splits_the_divergence_of_all_rows_with_what_the_classes_tell():
    gate, labels, _ = batch()
    means = own_class_mean(gate, labels, torch.ones(30, dtype=torch.bool))
    between = (entropy(gate.mean(0)) - entropy(means).mean(0)).sum()
    torch.testing.assert_close(
        all_sample_consistency(gate, labels) + between, all_sample_consistency(gate, torch.zeros(30))
    )


def test_factor_is_the_function_of_the_gates_at_its_site_and_zero_without_labels():
    gate, labels, known = batch()
    q = SpikeAndSlab(gate.requires_grad_(), torch.zeros_like(gate), torch.ones_like(gate)).to_event(1)
    factor = AllSampleConsistency(2.0, site="code", label="digit")
    value = factor({"code": q}, {"digit": labels}, {"digit": known})
    assert value == all_sample_consistency(gate, labels, known)
    assert factor.name == "all_sample"
    assert factor({"code": q}, None, None) == 0


def test_bad_shapes_and_a_guide_without_gates_are_named():
    with pytest.raises(ValueError, match=r"expected gate \[B, D\].*\[4, 3\] and \[5\]"):
        all_sample_consistency(torch.rand(4, 3), torch.zeros(5))
    with pytest.raises(ValueError, match=r"factor 'all_sample'.*site 'z'"):
        AllSampleConsistency()({}, torch.zeros(5), None)
