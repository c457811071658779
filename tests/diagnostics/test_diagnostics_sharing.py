"""Class means of gates, overlap of classes and roles of dimensions: against loops and the definitions."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cosine, jaccard

from pellucid.diagnostics import category_sharing, class_gate, dimension_roles


@pytest.fixture
def gates():
    random = np.random.default_rng(0)
    return random.beta(0.3, 0.5, (60, 8)), np.arange(60) % 5


def test_class_gate_is_the_mean_over_the_rows_of_each_class(gates):
    gate, y = gates
    mean = class_gate(torch.tensor(gate, requires_grad=True), torch.tensor(y), ["a", "b", "c", "d", "e"])
    np.testing.assert_allclose(mean, np.stack([gate[y == c].mean(0) for c in range(5)]))


def test_a_class_without_rows_is_a_row_of_nan(gates):
    gate, y = gates
    assert np.isnan(class_gate(gate, y, 6)).any(1).tolist() == [False] * 5 + [True]


def test_sharing_agrees_with_scipy_one_pair_of_classes_at_a_time(gates):
    gate, y = gates
    sharing = category_sharing(gate, y, threshold=0.35)
    mean = np.stack([gate[y == c].mean(0) for c in range(5)])
    for a in range(5):
        for b in range(5):
            assert sharing.jaccard[a, b] == pytest.approx(1 - jaccard(mean[a] > 0.35, mean[b] > 0.35))
            assert sharing.cosine[a, b] == pytest.approx(1 - cosine(mean[a], mean[b]))
    assert sharing.active.tolist() == (mean > 0.35).sum(1).tolist()


def test_classes_of_equal_gates_share_all_and_of_disjoint_gates_nothing():
    gate = np.array([[0.9, 0.0, 0.9], [0.9, 0.0, 0.9], [0.0, 0.9, 0.0]])
    sharing = category_sharing(gate, np.arange(3))
    expected = [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    np.testing.assert_allclose(sharing.jaccard, expected)
    np.testing.assert_allclose(sharing.cosine, expected)


def test_a_class_not_met_shares_nan_and_one_with_shut_gates_a_cosine_of_zero():
    sharing = category_sharing(np.array([[0.9, 0.9], [0.0, 0.0]]), np.array([0, 1]), classes=3)
    assert np.isnan(sharing.jaccard[2]).all()
    assert np.isnan(sharing.cosine[:, 2]).all()
    assert sharing.cosine[0, 1] == 0


@pytest.mark.parametrize(
    ("classes", "roles"),
    [  # the role of a dimension active in 0, 1, 2 ... classes
        (2, "unused specific global"),
        (3, "unused specific shared global"),
        (5, "unused specific shared shared shared global"),
        (10, "unused specific specific specific shared shared shared shared shared global global"),
    ],
)
def test_the_role_follows_from_the_number_of_classes_in_which_a_dimension_is_active(classes, roles):
    mean = (np.arange(classes)[:, None] < np.arange(classes + 1)).astype(float)
    assert dimension_roles(mean).role.tolist() == roles.split()


def test_active_means_strictly_above_the_threshold():
    mean = np.array([[0.25, 0.2501], [0.25, 0.2501]])
    assert dimension_roles(mean).role.tolist() == ["unused", "global"]
    assert dimension_roles(mean, threshold=0.2).role.tolist() == ["global", "global"]


def test_thresholds_of_the_shares_are_arguments():
    mean = (np.arange(10)[:, None] < np.array([5, 8])).astype(float)
    assert dimension_roles(mean, global_share=0.8, specific_share=0.5).role.tolist() == ["specific", "global"]


def test_used_overrules_the_gates_and_a_used_dimension_active_nowhere_is_rare():
    mean = np.array([[0.9, 0.9, 0.1, 0.1], [0.9, 0.0, 0.1, 0.1]])
    roles = dimension_roles(mean, used=np.array([False, True, True, False]))
    assert roles.role.tolist() == ["unused", "specific", "rare", "unused"]
    assert roles.counts == {"global": 0, "shared": 0, "specific": 1, "rare": 1, "unused": 2}


def test_a_class_not_met_does_not_count_among_the_classes():
    mean = np.vstack([np.full((2, 1), 0.9), np.full((3, 1), np.nan)])
    assert dimension_roles(mean).role.tolist() == ["global"]


def test_the_order_of_reading_puts_roles_together_and_specific_dimensions_in_the_order_of_their_classes():
    mean = np.zeros((10, 6))
    mean[7, 0] = mean[2, 1] = mean[[2, 3], 5] = 0.9
    mean[:, 2] = mean[:5, 4] = 0.9
    roles = dimension_roles(mean)
    assert roles.order.tolist() == [2, 4, 5, 1, 0, 3]
    assert roles.names([f"c{c}" for c in range(10)]) == [
        "z0 specific: c7",
        "z1 specific: c2",
        "z2 global",
        "z3 unused",
        "z4 shared: c0, c1, c2, c3, c4",
        "z5 specific: c2, c3",
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: class_gate(np.full((2, 1), 0.5), np.array([0, 3]), 3), r"y: expected labels from 0 to 2; .* to 3"),
        (lambda: class_gate(np.full((2, 1), 0.5), np.array([0, -1])), r"got labels from -1"),
        (lambda: category_sharing(np.full((2, 1), 2.0), np.array([0, 1])), r"gate: expected probabilities"),
        (lambda: dimension_roles(np.full((1, 4), 0.5)), r"class_gate: .* at least two classes"),
        (lambda: dimension_roles(np.full(4, 0.5)), r"class_gate: .* shape \[classes, dimensions\]"),
        (lambda: dimension_roles(np.full((2, 4), 1.5)), r"class_gate: expected mean gates in \[0, 1\]"),
        (lambda: dimension_roles(np.full((2, 4), 0.5), used=np.ones(3)), r"used: .* each of the 4 dimensions"),
    ],
)
def test_bad_input_is_named_with_a_remedy(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "Try one of:\n- " in str(error.value)
