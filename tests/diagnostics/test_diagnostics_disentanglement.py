"""MIG, modularity, DCI and SAP at their extremes: identity, rotation, noise, copies, mixtures, constants."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, r2_score
from torch.distributions import Normal

from pellucid.diagnostics.disentanglement import dci as dci_of_100_trees
from pellucid.diagnostics.disentanglement import factor_information, mig, modularity, sap

dci = partial(dci_of_100_trees, trees=30)
ROWS = 2000
RANDOM = np.random.default_rng(0)
CLASSES = RANDOM.integers(0, 4, (ROWS, 3))
AMOUNTS = RANDOM.random((ROWS, 3))
NOISE = RANDOM.normal(size=(ROWS, 3))
ROTATION = np.linalg.qr(np.array([[1.0, 1.0, 1.0], [1.0, -1.0, 0.5], [1.0, 0.5, -1.0]]))[0]
KINDS = pytest.mark.parametrize("factors", [CLASSES, AMOUNTS], ids=["discrete", "continuous"])
SCORES = pytest.mark.parametrize("measured", [mig, modularity, dci, sap], ids=["mig", "modularity", "dci", "sap"])


@pytest.fixture
def random():
    return np.random.default_rng(1)


@SCORES
@KINDS
class TestEveryScore:
    def test_the_factors_themselves_score_one_in_any_order_and_direction(self, measured, factors):
        tolerance = 0.05 if measured is sap else 0.03 if measured is dci else 0.01  # sap's runner-up leads by chance
        assert measured(factors, factors).score == pytest.approx(1, abs=tolerance)
        assert measured(torch.tensor(-3.0 * factors[:, [2, 0, 1]]), factors).score == pytest.approx(1, abs=tolerance)

    def test_noise_scores_zero(self, measured, factors):
        assert measured(NOISE, factors).score == pytest.approx(0, abs=0.03)

    def test_a_rotated_code_scores_far_below_its_factors(self, measured, factors):
        code = np.round((factors - factors.mean(0)) @ ROTATION, 6)  # or the order of equal sums would tell their terms
        assert measured(code, factors).score < 0.7

    def test_a_dimension_of_noise_or_a_constant_changes_little(self, measured, factors):
        code = np.column_stack([factors, NOISE[:, 0], np.full(ROWS, 3.0)])
        assert measured(code, factors).score == pytest.approx(1, abs=0.03)

    def test_a_constant_factor_is_left_out(self, measured, factors):
        whole = measured(factors, np.column_stack([factors, np.full(ROWS, 2.0)]))
        assert whole.score == pytest.approx(1, abs=0.03)

    def test_each_factor_counts_on_its_active_rows_only(self, measured, factors, random):
        active = random.random((ROWS, 3)) < 0.5
        code, values = np.where(active, factors, NOISE), np.where(active, factors, np.nan)
        assert measured(code, values, active=active).score == pytest.approx(1, abs=0.05)
        if measured is not modularity:
            assert measured(code, factors).score < 0.9


@SCORES
def test_it_does_not_depend_on_the_order_of_dimensions_or_the_names_of_levels(measured):
    code = CLASSES + 0.7 * NOISE
    score = measured(code, CLASSES).score
    assert measured(code[:, [1, 2, 0]], CLASSES).score == pytest.approx(score, abs=0.03 if measured is dci else 1e-12)
    assert measured(code, 10 * CLASSES - 3).score == pytest.approx(score, abs=1e-9)


@pytest.mark.parametrize("measured", [dci, sap], ids=["dci", "sap"])
def test_units_and_offsets_however_large_do_not_matter_to_what_is_learnt(measured):
    code = CLASSES + 0.7 * NOISE
    moved = 1e8 + code * np.array([1e-3, 1.0, 1e3])
    assert measured(moved, CLASSES).score == pytest.approx(measured(code, CLASSES).score, abs=0.02)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_the_scores_of_information_do_not_change_with_a_strictly_increasing_change_and_lie_in_their_range(seed):
    random = np.random.default_rng(seed)
    factors = random.integers(0, 3, (400, 3))
    code = factors @ random.normal(size=(3, 4)) + random.normal(size=(400, 4))
    for measured in (mig, modularity):
        score = measured(code, factors).score
        assert measured(np.sinh(code), factors).score == pytest.approx(score, abs=1e-12)
        assert 0 <= score <= 1


class TestCopies:
    code = np.tile(AMOUNTS, 2)

    def test_they_close_the_gaps(self):
        assert mig(self.code, AMOUNTS).score == 0
        assert sap(self.code, AMOUNTS).score == 0

    def test_they_leave_modularity_and_disentanglement(self):
        assert modularity(self.code, AMOUNTS).score == pytest.approx(1, abs=0.01)
        assert dci(self.code, AMOUNTS).score == pytest.approx(1, abs=0.03)

    def test_completeness_falls_by_the_log_of_two_over_the_log_of_d(self):
        completeness = dci(self.code, AMOUNTS).completeness
        np.testing.assert_allclose(completeness, 1 - np.log(2) / np.log(6), atol=0.03)


class TestTwoFactorsInOneDimension:
    code = CLASSES[:, :1] + 4 * CLASSES[:, 1:2]
    factors = CLASSES[:, :2]

    def test_modularity_and_disentanglement_fall_and_completeness_stays(self):
        code = np.column_stack([self.code, NOISE[:, 0]])
        assert modularity(code, self.factors).dimension[0] == pytest.approx(0, abs=0.02)
        result = dci(code, self.factors)
        assert result.disentanglement[0] == pytest.approx(0, abs=0.02)
        assert result.score < 0.05
        np.testing.assert_allclose(result.completeness, 1, atol=0.03)
        np.testing.assert_allclose(result.informativeness, 1, atol=0.01)

    def test_the_gap_of_information_does_not_see_it(self):
        assert mig(np.column_stack([self.code, NOISE[:, 0]]), self.factors).score == pytest.approx(1, abs=0.01)


class TestMIG:
    def test_a_rotated_code_has_next_to_no_gap(self):
        half = np.array([[1.0, 1.0], [1.0, -1.0]])
        assert mig((AMOUNTS[:, :2] - 0.5) @ half, AMOUNTS[:, :2]).score == pytest.approx(0, abs=0.02)

    def test_it_is_the_difference_of_the_two_largest_informations_over_the_entropy(self):
        code = np.column_stack([CLASSES[:, 0] % 2, CLASSES[:, 0] > 0, NOISE[:, 0]])
        result = mig(code, CLASSES[:, :1])
        # of four equal classes: log 2, and the entropy of 1/4
        second = -0.25 * np.log(0.25) - 0.75 * np.log(0.75)
        assert result.gap[0] == pytest.approx((np.log(2) - second) / np.log(4), abs=0.02)
        assert result.best[0] == 0
        np.testing.assert_array_equal(result.information, factor_information(code, CLASSES[:, :1]))

    def test_a_single_dimension_is_ahead_of_nothing(self):
        assert mig(CLASSES[:, :1], CLASSES[:, :1]).score == pytest.approx(1)

    def test_a_factor_of_one_value_is_nan_without_a_dimension(self):
        result = mig(CLASSES, np.column_stack([CLASSES[:, 0], np.ones(ROWS)]))
        assert np.isnan(result.gap).tolist() == [False, True]
        assert result.best.tolist() == [0, -1]


class TestModularity:
    def test_it_is_one_less_the_mean_square_of_the_other_informations_over_that_of_the_largest(self):
        code = np.column_stack([CLASSES[:, 0] + 4 * (CLASSES[:, 1] % 2), CLASSES[:, 2]])
        result = modularity(code, CLASSES)
        assert result.dimension[0] == pytest.approx(1 - (np.log(2) / np.log(4)) ** 2 / 2, abs=0.01)
        assert result.best.tolist() == [0, 2]

    def test_dimensions_of_noise_are_nan_and_left_out_and_none_but_noise_is_zero(self):
        result = modularity(np.column_stack([CLASSES[:, 1], NOISE]), CLASSES)
        assert np.isnan(result.dimension).tolist() == [False, True, True, True]
        assert result.best.tolist() == [1, -1, -1, -1]
        assert modularity(np.zeros((ROWS, 2)), CLASSES).score == 0

    def test_the_least_information_is_the_callers(self):
        assert np.isnan(modularity(CLASSES, CLASSES, least=1.4).dimension).all()


class TestDCI:
    def test_informativeness_is_the_share_of_a_constants_loss_avoided_on_rows_held_out(self, random):
        noisy = AMOUNTS[:, :1] + np.sqrt(1 / 12 / 3) * NOISE[:, :1]  # R^2 of the best guess, here nearly linear, is 3/4
        assert dci(noisy, AMOUNTS[:, :1]).informativeness[0] == pytest.approx(0.75, abs=0.05)
        side = (random.random(ROWS) < 0.3).astype(int)
        told = np.where(random.random(ROWS) < 0.1, 1 - side, side)  # wrong on 10 %, where a constant is on 30 %
        assert dci(told[:, None], side[:, None]).informativeness[0] == pytest.approx(2 / 3, abs=0.08)

    def test_what_cannot_be_predicted_entangles_no_dimension(self):
        code = np.column_stack([AMOUNTS[:, 0], NOISE[:, 0]])
        result = dci(code, np.column_stack([AMOUNTS[:, 0], NOISE[:, 1:]]))
        assert result.score == pytest.approx(1, abs=0.03)
        np.testing.assert_allclose(result.informativeness, [1, 0, 0], atol=0.15)
        assert result.importance[:, 1:].max() < 0.02

    def test_importances_are_shares_of_the_informativeness(self):
        result = dci(AMOUNTS @ ROTATION, AMOUNTS)
        np.testing.assert_allclose(result.importance.sum(0), result.informativeness)
        assert result.completeness_score < 0.8
        assert result.informativeness_score > 0.9

    def test_a_code_of_constants_has_no_importance_and_scores_zero(self):
        result = dci(np.ones((60, 2)), CLASSES[:60])
        assert result.score == 0
        assert not result.importance.any()
        assert not result.disentanglement.any()
        assert not result.completeness.any()

    def test_one_factor_and_one_dimension_are_disentangled_and_complete(self):
        result = dci(AMOUNTS[:, :1], AMOUNTS[:, :1])
        assert (result.disentanglement[0], result.completeness[0]) == (1, 1)

    def test_a_factor_with_too_few_rows_is_nan_and_has_no_importance(self):
        active = np.ones((ROWS, 2), dtype=bool)
        active[5:, 1] = False
        result = dci(CLASSES, CLASSES[:, :2], active=active)
        assert np.isnan(result.informativeness).tolist() == np.isnan(result.completeness).tolist() == [False, True]
        assert not result.importance[:, 1].any()

    def test_a_seed_gives_the_same_again(self):
        one, other = (dci(CLASSES[:90] + NOISE[:90], CLASSES[:90], seed=3) for _ in range(2))
        np.testing.assert_array_equal(one.importance, other.importance)


class TestSAP:
    def test_a_continuous_factor_scores_r_squared_and_a_discrete_one_balanced_accuracy_above_chance(self, random):
        shares = [0.7, 0.2, 0.1]
        label = random.choice(3, ROWS, p=shares)
        code = np.column_stack([AMOUNTS[:, 0] + 0.3 * NOISE[:, 0], label + 0.3 * NOISE[:, 1]])
        result = sap(code, np.column_stack([AMOUNTS[:, 0], label]))
        line = np.polyval(np.polyfit(code[:, 0], AMOUNTS[:, 0], 1), code[:, 0])
        assert result.predictability[0, 0] == pytest.approx(r2_score(AMOUNTS[:, 0], line), abs=0.05)
        nearest = np.abs(code[:, 1:] - [0, 1, 2]).argmin(1)
        accuracy = balanced_accuracy_score(label, nearest)
        assert result.predictability[1, 1] == pytest.approx((3 * accuracy - 1) / 2, abs=0.05)
        np.testing.assert_allclose(result.gap, result.predictability[[0, 1], [0, 1]], atol=0.06)
        assert result.best.tolist() == [0, 1]

    def test_a_rare_class_counts_as_much_as_a_frequent_one(self):
        rare = (np.arange(ROWS) % 50 == 0).astype(float)
        assert sap(NOISE, rare[:, None]).predictability.max() < 0.25  # where a constant guess is right on 98 %
        assert sap(np.column_stack([rare, NOISE]), rare[:, None]).score > 0.75

    def test_a_bend_is_no_line(self):
        assert sap(np.abs(AMOUNTS[:, :1] - 0.5), AMOUNTS[:, :1]).score == pytest.approx(0, abs=0.01)

    def test_chance_scores_zero_in_the_mean_however_few_the_rows(self, random):
        for draw in (lambda: random.integers(0, 2, (30, 1)), lambda: random.random((30, 1))):
            value = [sap(random.normal(size=(30, 1)), draw()).predictability.item() for _ in range(100)]
            assert min(value) >= 0
            assert np.median(value) < 0.1


@SCORES
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"z": np.full((30, 2), np.nan)}, r"z: expected finite .* 60 values not finite"),
        ({"z": np.zeros(30)}, r"z: .* got shape \[30\]"),
        ({"z": np.zeros((30, 0))}, r"z: .* got shape \[30, 0\]"),
        ({"z": np.zeros((29, 2))}, r"factors: .* shape \[29, factors\].* got shape \[30, 3\]"),
        ({"z": np.zeros((1, 2)), "factors": np.zeros((1, 3))}, r"z: expected two rows at least.* got 1"),
        ({"factors": np.zeros(30)}, r"factors: .* got shape \[30\]"),
        ({"factors": np.full((30, 2), np.inf)}, r"factors: expected finite .* columns \[0, 1\]"),
        ({"factors": np.ones((30, 3))}, r"factors: expected"),
        ({"active": np.ones((30, 2), dtype=bool)}, r"active: .* shape of factors, \[30, 3\]; got \[30, 2\]"),
        ({"active": np.full((30, 3), 0.5)}, r"active: expected booleans"),
        ({"active": np.zeros((30, 3), dtype=bool)}, r"factors: expected"),
    ],
)
def test_bad_input_is_named_with_a_remedy(measured, change, message):
    given = {"z": NOISE[:30], "factors": CLASSES[:30], "active": None} | change
    with pytest.raises(ValueError, match=message) as error:
        measured(**given)
    assert "Try one of:\n- " in str(error.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mig(NOISE, CLASSES, bins=1), r"bins: expected two levels or more; got 1"),
        (lambda: modularity(NOISE, CLASSES[:, :1]), r"factors: expected two factors at least .* got 1"),
        (lambda: dci(Normal(torch.zeros(30, 2), 1.0), CLASSES[:30]), r"z: expected points .* a Normal distribution"),  # type: ignore[arg-type]
        (lambda: sap(Normal(torch.zeros(30, 2), 1.0), CLASSES[:30]), r"z: expected points .* a Normal distribution"),  # type: ignore[arg-type]
        (lambda: sap(NOISE[:5], AMOUNTS[:5]), r"factors: .* active on 6 rows or more"),
    ],
)
def test_what_a_score_cannot_use_is_named_with_a_remedy(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "Try one of:\n- " in str(error.value)
