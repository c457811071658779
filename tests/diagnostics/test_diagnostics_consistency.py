"""Consistency of gates: against double loops over pairs of rows, at its extremes, and on bad input."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jaccard, jensenshannon

from pellucid.diagnostics import class_consistency


def by_double_loop(gate, y):
    """Divergences and overlaps by (class, class), with SciPy's two-point distributions, one pair at a time."""
    divergence, overlap = {}, {}
    for n, m in itertools.combinations(range(len(y)), 2):
        key = tuple(sorted((y[n], y[m])))
        points = [([p, 1 - p], [q, 1 - q]) for p, q in zip(gate[n], gate[m], strict=True)]
        divergence.setdefault(key, []).append(sum(jensenshannon(p, q) ** 2 for p, q in points))
        overlap.setdefault(key, []).append(1 - jaccard(gate[n] > 0.5, gate[m] > 0.5))
    return divergence, overlap


@pytest.fixture
def gates():
    random = np.random.default_rng(3)
    y = np.array([2, 0, 1, 0, 2, 2, 5, 1, 0, 2, 1])  # class 5 has one row, labels 3 and 4 none
    return random.beta(0.4, 0.4, (11, 6)).clip(1e-6, 1 - 1e-6), y


@pytest.mark.parametrize("tile", [1, 100, 2**20])
def test_every_mean_agrees_with_a_double_loop_over_pairs_whatever_the_size_of_the_tiles(gates, tile, monkeypatch):
    monkeypatch.setattr("pellucid.diagnostics.consistency.TILE", tile)
    gate, y = gates
    divergence, overlap = by_double_loop(gate, y)
    result = class_consistency(gate, y)

    def pooled(table, own):
        return np.mean([value for (a, b), values in table.items() if (a == b) == own for value in values])

    assert result.within == pytest.approx(pooled(divergence, True), rel=1e-9)
    assert result.between == pytest.approx(pooled(divergence, False), rel=1e-9)
    assert result.ratio == pytest.approx(result.between / result.within)
    assert result.jaccard_within == pytest.approx(pooled(overlap, True))
    assert result.jaccard_between == pytest.approx(pooled(overlap, False))
    assert result.classes.tolist() == [0, 1, 2, 5]
    for (i, a), (j, b) in itertools.product(enumerate(result.classes), repeat=2):
        if (a, b) != (5, 5):
            expected = np.mean(divergence[tuple(sorted((a, b)))])
            assert result.divergence[i, j] == pytest.approx(expected, rel=1e-9)
    assert (result.rows, result.pairs_within, result.pairs_between) == (11, 3 + 3 + 6, 55 - 12)
    assert result.active == pytest.approx((gate > 0.5).sum(1).mean())


def test_a_class_of_one_row_has_no_within_value_and_leaves_the_others_as_they_are(gates):
    gate, y = gates
    whole, without = class_consistency(gate, y), class_consistency(gate[y != 5], y[y != 5])
    assert np.isnan(whole.per_class).tolist() == [False, False, False, True]
    assert whole.within == pytest.approx(without.within, rel=1e-12)
    np.testing.assert_allclose(whole.per_class[:3], without.per_class)


def test_torch_and_numpy_in_any_order_of_rows_give_the_same_numbers(gates):
    gate, y = gates
    order = np.random.default_rng(0).permutation(len(y))
    one = class_consistency(gate, y)
    other = class_consistency(torch.tensor(gate[order], requires_grad=True), torch.tensor(y[order]))
    np.testing.assert_allclose(one.divergence, other.divergence, rtol=1e-12)
    assert one.jaccard_between == pytest.approx(other.jaccard_between)


def test_opposite_classes_differ_by_log_two_in_every_dimension_and_agree_within():
    gate = np.repeat([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]], 4, axis=0)
    result = class_consistency(gate, np.arange(8) // 4)
    assert (result.within, result.ratio) == (0.0, math.inf)
    assert result.between == pytest.approx(3 * math.log(2), abs=1e-3)  # gates are kept 1e-6 away from 0 and 1
    assert (result.jaccard_within, result.jaccard_between) == (1.0, 0.0)


def test_gates_that_ignore_the_image_agree_everywhere_and_have_no_ratio():
    result = class_consistency(np.full((6, 4), 0.2), np.arange(6) % 2)
    assert (result.within, result.between, result.active) == (0.0, 0.0, 0.0)
    assert (result.jaccard_within, result.jaccard_between) == (1.0, 1.0)
    assert math.isnan(result.ratio)


def test_labels_without_meaning_give_a_ratio_of_one():
    random = np.random.default_rng(0)
    result = class_consistency(random.random((600, 5)), random.integers(0, 3, 600))
    assert result.ratio == pytest.approx(1, abs=0.02)


class TestSubset:
    y = np.repeat([0, 1, 2, 3], [700, 200, 98, 2])
    gate = np.random.default_rng(1).beta(0.5, 0.5, (1000, 3)) * np.array([0.9, 0.5, 0.7, 0.2])[y][:, None]

    def test_it_has_at_most_max_rows_and_two_or_more_of_each_class(self):
        result = class_consistency(self.gate, self.y, max_rows=50)
        assert 46 <= result.rows <= 50
        assert np.isfinite(result.per_class).all()
        assert result.pairs_within + result.pairs_between == result.rows * (result.rows - 1) // 2

    def test_it_repeats_under_one_seed_and_differs_under_another(self):
        first, again, other = (
            class_consistency(self.gate, self.y, max_rows=50, seed=seed).within for seed in (0, 0, 1)
        )
        assert first == again != other

    def test_its_mean_over_seeds_is_the_value_of_all_rows(self):
        whole = class_consistency(self.gate, self.y).between
        some = [class_consistency(self.gate, self.y, max_rows=200, seed=seed).between for seed in range(40)]
        # the two rows of the smallest class weigh a little more in the subset: within 1 % besides the error of the mean
        assert abs(np.mean(some) - whole) < 4 * np.std(some) / math.sqrt(40) + 0.01 * whole

    def test_it_refuses_fewer_rows_than_two_of_each_class(self):
        with pytest.raises(ValueError, match=r"max_rows: expected room for two rows of each of the 4 classes"):
            class_consistency(self.gate, self.y, max_rows=7)


@pytest.mark.parametrize(
    ("gate", "y", "message"),
    [
        (np.full((3, 2), 1.5), np.array([0, 0, 1]), r"gate: expected probabilities in \[0, 1\]; got values from 1.5"),
        (np.full((3, 2), -0.1), np.array([0, 0, 1]), r"gate: expected probabilities"),
        (np.full((3, 2), np.nan), np.array([0, 0, 1]), r"gate: expected probabilities"),
        (np.full(3, 0.5), np.array([0, 0, 1]), r"gate: .* shape \[rows, dimensions\]"),
        (np.zeros((0, 2)), np.zeros(0, dtype=int), r"gate: .* none of them empty"),
        (np.full((3, 2), 0.5), np.array([0, 1]), r"y: expected one label for each of the 3 rows"),
        (np.full((3, 2), 0.5), np.array([0, 0, 0]), r"got 1 class in 3 rows"),
        (np.full((3, 2), 0.5), np.array([0, 1, 2]), r"one of them with two rows or more"),
        (np.full((3, 2), 0.5), np.array([0, 1, np.nan]), r"y: expected whole numbers"),
        (np.full((3, 2), 0.5), np.array([0, 0, 0.5]), r"y: expected whole numbers"),
    ],
)
def test_bad_input_is_named_with_a_remedy(gate, y, message):
    with pytest.raises(ValueError, match=message) as error:
        class_consistency(gate, y)
    assert "Try one of:\n- " in str(error.value)
