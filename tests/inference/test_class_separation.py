"""What gates tell of the class, and the factor that asks for enough of it."""

import math

import numpy as np
import pytest
import torch

from pellucid.distributions import SpikeAndSlab, entropy
from pellucid.inference import ClassSeparation, class_information
from pellucid.schedules import Ramp, advance


def gates(rows=40, dim=5, seed=0):
    return torch.rand(rows, dim, generator=torch.Generator().manual_seed(seed))


def labels(rows=40, classes=4, seed=1):
    return torch.randint(classes, (rows,), generator=torch.Generator().manual_seed(seed))


def posterior(gate):
    return {"z": SpikeAndSlab(gate, torch.zeros_like(gate), torch.ones_like(gate)).to_event(1)}


def joint_information(gate, y):
    """I(Y; spike) of one dimension from its [C, 2] joint table, in float64."""
    table = np.zeros((int(y.max()) + 1, 2))
    for g, c in zip(gate.double().tolist(), y.tolist(), strict=True):
        table[c] += np.array([1 - g, g]) / len(y)
    own, spike = table.sum(1, keepdims=True), table.sum(0, keepdims=True)
    return float(np.sum(np.where(table > 0, table * np.log(table / (own * spike)), 0.0)))


def test_information_is_that_of_the_joint_table_of_class_and_spike():
    gate, y = gates(), labels()
    expected = [joint_information(gate[:, j], y) for j in range(5)]
    assert class_information(gate, y).tolist() == pytest.approx(expected, abs=1e-6)


def test_the_divergence_of_all_rows_splits_into_a_part_within_and_a_part_between_classes():
    gate, y = gates(), labels()
    whole = entropy(gate.mean(0)) - entropy(gate).mean(0)
    within = torch.zeros(5)
    for c in range(4):
        own = gate[y == c]
        within += len(own) / 40 * (entropy(own.mean(0)) - entropy(own).mean(0))
    torch.testing.assert_close(within + class_information(gate, y), whole)


def test_rows_without_a_label_and_what_stands_in_their_slots_do_not_count():
    gate, y, known = gates(), labels(), torch.arange(40) < 25
    noise = torch.where(known, y.float(), torch.nan)
    torch.testing.assert_close(class_information(gate, noise, known), class_information(gate[:25], y[:25]))


def test_attributes_count_by_their_mean():
    gate, y = gates(), torch.stack([labels(classes=2), labels(classes=2, seed=5)], 1)
    each = [class_information(gate, y[:, i]) for i in range(2)]
    torch.testing.assert_close(class_information(gate, y), (each[0] + each[1]) / 2)


def test_gates_that_are_the_class_tell_all_of_it_and_gates_that_ignore_it_nothing():
    y = torch.arange(40) % 2
    told = class_information(torch.stack([y.float(), torch.full((40,), 0.3)], 1), y)
    assert told.tolist() == pytest.approx([math.log(2), 0], abs=1e-4)


def test_a_batch_without_a_labelled_row_has_value_nought_and_finite_gradients():
    gate = gates().requires_grad_()
    class_information(gate, labels(), torch.zeros(40, dtype=torch.bool)).sum().backward()
    assert gate.grad is not None
    assert gate.grad.isfinite().all()


@pytest.mark.parametrize("nats", [0.05, 100.0])
def test_the_factor_is_the_shortfall_and_stops_pulling_when_enough_is_told(nats):
    gate, y = gates().requires_grad_(), labels()
    told = float(class_information(gate, y).sum().detach())
    value = ClassSeparation(nats=nats)(posterior(gate), y, None)
    assert float(value.detach()) == pytest.approx(max(0.0, nats - told), abs=1e-5)
    value.backward()
    assert gate.grad is not None
    assert bool(gate.grad.any()) == (nats > told)


def test_at_weight_one_it_takes_back_what_the_spike_kl_charges_for_class_information():
    gate, y, alpha = gates(rows=60), labels(rows=60), 0.05
    mean = gate.mean(0)

    def against_alpha(p):
        return -entropy(p) - p * math.log(alpha) - (1 - p) * math.log(1 - alpha)

    within = entropy(mean) - entropy(gate).mean(0) - class_information(gate, y)
    total = against_alpha(gate).mean(0).sum() + ClassSeparation(nats=50.0)(posterior(gate), y, None)
    torch.testing.assert_close(total - 50, (within + against_alpha(mean)).sum(), rtol=0, atol=1e-4)


def test_it_counts_by_the_share_of_labelled_rows_as_the_charge_does_that_it_takes_back():
    gate, y, known = gates(), labels(), torch.arange(40) < 10
    few = ClassSeparation(nats=50.0)(posterior(gate), y, known)
    torch.testing.assert_close(few, ClassSeparation(nats=50.0)(posterior(gate[:10]), y[:10], None) / 4)


def test_its_weight_may_fall_in_the_course_of_training():
    factor = ClassSeparation(Ramp(1.5, 0.5, 0.2, 0.8))
    seen = []
    for done in (0.0, 0.5, 1.0):
        advance(factor, done)
        seen.append(float(factor.weight))
    assert seen == [1.5, 1.0, 0.5]


def test_a_batch_without_labels_costs_nothing():
    assert float(ClassSeparation()(posterior(gates()), None, None)) == 0


@pytest.mark.parametrize("nats", [0.0, -1.0, math.nan])
def test_a_number_of_nats_that_is_not_positive_is_refused(nats):
    with pytest.raises(ValueError, match=r"nats: expected how much"):
        ClassSeparation(nats=nats)


def test_a_guide_without_gates_is_named():
    with pytest.raises(ValueError, match=r"factor 'separation': expected a spike-and-slab posterior at site 'z'"):
        ClassSeparation()({}, labels(), None)
