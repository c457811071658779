"""Matching of dimensions to true causes: against brute force and scipy, at the extremes, and by a drawing."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from pellucid.diagnostics import active_matching, drawn_by, factor_matching, pattern_agreement
from pellucid.diagnostics.figures import matching_matrix

ROWS = 2000
RANDOM = np.random.default_rng(0)
PRESENT = RANDOM.random((ROWS, 3)) < 0.5
GROUP = np.array([0, 0, 1, 2])  # the attribute of each factor
VALUES = RANDOM.random((ROWS, 4))
ACTIVE = PRESENT[:, GROUP]
EVERY = np.ones((ROWS, 4), dtype=bool)


def gate_of(present, shut=0.02):
    """Gates as a guide gives them: near 1 when open, near 0 when shut, never twice the same."""
    draw = shut * np.random.default_rng(1).random(present.shape)
    return np.where(present, 1 - draw, draw)


@pytest.fixture
def random():
    return np.random.default_rng(2)


class TestActive:
    def test_a_pairs_score_is_the_share_of_pairs_of_rows_in_order_minus_the_share_out_of_order(self, random):
        activity, active = random.integers(0, 5, (60, 4)), random.random((60, 2)) < 0.3
        matrix = active_matching(torch.tensor(activity), torch.tensor(active)).matrix
        for k in range(2):
            on, off = activity[active[:, k]], activity[~active[:, k]]
            np.testing.assert_allclose(matrix[k], np.sign(on[:, None] - off[None]).mean((0, 1)), atol=1e-12)

    def test_for_gates_open_or_shut_it_is_sensitivity_plus_specificity_minus_one(self, random):
        opened = (PRESENT & (random.random((ROWS, 3)) < 0.7)) | (random.random((ROWS, 3)) < 0.1)
        matrix = active_matching(opened, PRESENT).matrix
        for k in range(3):
            for j in range(3):
                with_, without = opened[PRESENT[:, k], j].mean(), opened[~PRESENT[:, k], j].mean()
                assert matrix[k, j] == pytest.approx(with_ - without)

    def test_a_dimension_of_its_own_for_each_cause_is_perfect_in_any_order_on_any_rising_scale(self):
        matching = active_matching(np.exp(30 * gate_of(PRESENT)[:, [2, 0, 1]]), PRESENT)
        assert (matching.score, matching.purity) == (1, 1)
        assert matching.best_dimension.tolist() == [1, 2, 0]
        assert matching.best_cause.tolist() == [2, 0, 1]

    def test_dense_and_sparse_codes_of_one_order_score_alike(self, random):
        nats = random.gamma(1.0, size=(ROWS, 5)) + PRESENT[:, [0, 0, 1, 2, 2]]
        sparse = nats / (1 + nats)
        assert active_matching(nats, PRESENT).score == active_matching(sparse, PRESENT).score

    @pytest.mark.parametrize("dimensions", [1, 8, 40])
    def test_noise_scores_zero_however_many_dimensions_there_are_to_choose_from(self, dimensions, random):
        scores = [active_matching(random.random((300, dimensions)), PRESENT[:300]) for _ in range(60)]
        for held in ([each.score for each in scores], [each.purity for each in scores]):
            assert abs(np.mean(held)) < 4 * np.std(held) / np.sqrt(len(held))

    def test_copies_and_dimensions_of_noise_do_not_raise_the_score(self, random):
        gate = gate_of(PRESENT ^ (random.random((ROWS, 3)) < 0.2))
        alone = active_matching(gate, PRESENT)
        assert active_matching(np.tile(gate, 3), PRESENT).score == alone.score
        many = active_matching(np.hstack([gate, random.random((ROWS, 40))]), PRESENT)
        assert many.score == alone.score
        assert many.purity < alone.purity / 5

    @pytest.mark.parametrize("gate", [np.ones((ROWS, 3)), np.zeros((ROWS, 3)), gate_of(EVERY[:, :3], 0.0)])
    def test_a_code_that_is_always_on_or_never_scores_zero(self, gate):
        matching = active_matching(gate, PRESENT)
        assert (matching.score, matching.purity) == (0, 0)

    def test_gates_that_differ_but_are_all_open_tell_the_cause_by_their_order_and_do_not_switch(self):
        gate = np.where(PRESENT, 0.99, 0.95)
        assert active_matching(gate, PRESENT).score == 1
        assert active_matching(gate > 0.5, PRESENT).score == 0

    def test_a_dimension_that_opens_in_the_absence_of_its_cause_scores_minus_one(self):
        assert active_matching(1 - gate_of(PRESENT[:, :1]), PRESENT[:, :1]).score == -1

    def test_a_dimension_that_opens_for_either_of_two_causes_is_credited_half_for_each(self):
        either = active_matching((PRESENT[:, 0] | PRESENT[:, 1])[:, None], PRESENT).matrix[:, 0]
        np.testing.assert_allclose(either, [0.5, 0.5, 0], atol=4 / np.sqrt(ROWS))
        assert (either**2).sum() <= 1

    def test_several_dimensions_of_one_cause_are_all_pure(self):
        matching = active_matching(gate_of(PRESENT[:, [0, 0, 0, 1]]), PRESENT)
        np.testing.assert_allclose(matching.dimension_score, 1)
        assert matching.best_cause.tolist() == [0, 0, 0, 1]
        assert matching.cause_score[2] < 0.1

    def test_a_cause_that_never_varies_is_nan_and_left_out_of_the_mean(self):
        active = np.column_stack([PRESENT, np.ones(ROWS, bool), np.arange(ROWS) == 5])
        matching = active_matching(gate_of(active), active)
        assert np.isnan(matching.matrix).any(1).tolist() == [False, False, False, True, True]
        assert matching.best_dimension.tolist() == [0, 1, 2, -1, -1]
        assert matching.score == 1
        assert matching.best_cause.max() < 3


class TestFactors:
    def test_a_pairs_score_is_scipys_rank_correlation_squared_over_the_active_rows_less_chance(self, random):
        code = np.round(random.normal(size=(ROWS, 3)) + 3 * VALUES[:, :3], 1)
        matrix = factor_matching(torch.tensor(code), torch.tensor(VALUES), torch.tensor(ACTIVE)).matrix
        for f in range(4):
            rows, n = ACTIVE[:, f], ACTIVE[:, f].sum()
            for j in range(3):
                squared = np.asarray(spearmanr(code[rows, j], VALUES[rows, f]))[0] ** 2
                assert matrix[f, j] == pytest.approx(1 - (1 - squared) * (n - 1) / (n - 2), abs=1e-12)

    def test_the_factors_themselves_are_perfect_in_any_order_scale_and_direction(self):
        code = np.where(ACTIVE, -np.exp(5 * VALUES), 0.0)[:, [3, 1, 0, 2]]
        matching = factor_matching(code, VALUES, ACTIVE)
        np.testing.assert_allclose(matching.cause_score, 1)
        np.testing.assert_allclose(matching.dimension_score, 1)
        assert matching.best_dimension.tolist() == [2, 1, 3, 0]

    def test_rows_on_which_a_factor_is_not_active_do_not_count_whatever_they_hold(self, random):
        code = np.where(ACTIVE, VALUES, random.normal(size=VALUES.shape))
        values = np.where(ACTIVE, VALUES, np.nan)
        assert factor_matching(code, values, ACTIVE).score == pytest.approx(1)

    @pytest.mark.parametrize(("rows", "dimensions"), [(12, 1), (300, 8), (200, 40)])
    def test_noise_scores_zero_however_few_the_rows_and_many_the_dimensions(self, rows, dimensions, random):
        every = EVERY[:rows]
        scores = [factor_matching(random.random((rows, dimensions)), VALUES[:rows], every).score for _ in range(60)]
        assert abs(np.mean(scores)) < 4 * np.std(scores) / np.sqrt(len(scores))

    def test_copies_do_not_raise_the_score_and_two_factors_in_one_dimension_are_credited_half_each(self):
        mixed = VALUES[:, :2].sum(1, keepdims=True)
        alone = factor_matching(mixed, VALUES[:, :2], EVERY[:, :2])
        np.testing.assert_allclose(alone.cause_score, 0.5, atol=0.07)
        assert factor_matching(np.tile(mixed, 4), VALUES[:, :2], EVERY[:, :2]).score == alone.score

    def test_a_rotated_code_of_two_factors_scores_a_half(self):
        rotated = VALUES[:, :2] @ np.array([[1.0, 1.0], [1.0, -1.0]])
        assert factor_matching(rotated, VALUES[:, :2], EVERY[:, :2]).score == pytest.approx(0.5, abs=0.07)

    def test_a_constant_dimension_scores_zero_and_a_constant_or_rare_factor_nan(self):
        values, active = VALUES.copy(), ACTIVE.copy()
        values[:, 0], active[5:, 1] = 3.0, False
        matching = factor_matching(np.column_stack([np.ones(ROWS), VALUES[:, 2]]), values, active)
        assert matching.matrix[2:, 0].tolist() == [0, 0]
        assert matching.dimension_score[0] == 0
        assert np.isnan(matching.cause_score).tolist() == [True, True, False, False]
        assert matching.best_dimension[:3].tolist() == [-1, -1, 1]


class TestPattern:
    region = np.zeros((3, 6, 6))
    region[0, :2], region[1, 2:4], region[2, 4:] = 1.0, 0.3, 0.1

    def test_a_pattern_that_opens_each_attributes_own_dimensions_agrees_with_what_the_decoder_draws(self):
        painted = torch.tensor(self.region[GROUP]) * torch.rand(4, 6, 6, generator=torch.Generator().manual_seed(0))
        z = torch.tensor(np.where(ACTIVE, 1 + VALUES, 0.0))
        drawn = drawn_by(lambda code: torch.einsum("nd,dhw->nhw", code, painted), z)
        agreement = pattern_agreement(active_matching(z, PRESENT).matrix, drawn, self.region)
        assert agreement.said.tolist() == agreement.drawn.tolist() == GROUP.tolist()
        assert (agreement.accuracy, agreement.majority) == (1, 0.5)
        np.testing.assert_allclose(agreement.share, np.eye(3)[:, GROUP])

    def test_the_share_divides_a_pixel_among_the_attributes_that_overlap_there_and_ignores_sign_and_scale(self):
        region = np.array([[[3.0, 1.0, 0.0]], [[0.0, 3.0, 0.0]]])
        drawn = np.array([[[-1.0, 1.0, 2.0]]])
        for scale in (1.0, -7.0):
            share = pattern_agreement(np.ones((2, 1)), scale * drawn, region).share
            np.testing.assert_allclose(share[:, 0], [1.25 / 4, 0.75 / 4])

    def test_channels_of_a_picture_are_added_up(self):
        drawn = np.stack([self.region[GROUP], 2 * self.region[GROUP]], 1)
        region = np.stack([self.region] * 2, 1)
        assert pattern_agreement(np.eye(3)[:, GROUP], drawn, region).accuracy == 1

    def test_a_pattern_that_always_names_the_most_frequent_attribute_is_right_as_often_as_the_majority(self):
        constant = np.repeat([[1.0], [0.0], [0.0]], 4, 1)
        agreement = pattern_agreement(constant, self.region[GROUP], self.region)
        assert agreement.accuracy == agreement.majority == 0.5

    def test_a_dimension_that_no_attribute_raises_agrees_with_none(self):
        agreement = pattern_agreement(np.eye(3)[:, GROUP] - 1.0, self.region[GROUP], self.region)
        assert agreement.said.tolist() == [-1] * 4
        assert agreement.accuracy == 0

    def test_a_dimension_that_draws_nothing_or_elsewhere_is_not_counted(self):
        region = self.region.copy()
        region[:, :, 0] = 0
        drawn = np.concatenate([region, np.zeros((1, 6, 6)), np.eye(6)[[0], :, None] * np.eye(6)[0]])
        agreement = pattern_agreement(np.eye(3)[:, [0, 1, 1, 0, 0]], drawn, region)
        assert agreement.drawn.tolist() == [0, 1, 2, -1, -1]
        assert np.isnan(agreement.share).any(0).tolist() == [False, False, False, True, False]
        assert agreement.accuracy == pytest.approx(2 / 3)


def test_the_figure_puts_dimensions_of_one_cause_side_by_side_and_frames_each_causes_best(random):
    gate = gate_of(PRESENT[:, [2, 0, 1, 0]] ^ (random.random((ROWS, 4)) < [0, 0.2, 0, 0.1]))
    matching = active_matching(gate, PRESENT)
    axes = matching_matrix(matching, ["hat", "eyes", "mouth"], "Faces", dimensions=[7, 8, 9, 11]).axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["11", "8", "9", "7"]
    np.testing.assert_array_equal(np.asarray(axes.get_images()[0].get_array()), matching.matrix[:, [3, 1, 2, 0]])
    middles = [
        np.mean([np.asarray(line.get_data()).min(1), np.asarray(line.get_data()).max(1)], 0) for line in axes.lines
    ]
    assert [middle.tolist() for middle in middles] == [[0, 0], [2, 1], [3, 2]]


def test_the_figure_of_a_cause_without_a_score_is_grey_and_unframed_and_stays_on_the_sheet():
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    active = np.column_stack([PRESENT, np.ones(ROWS, bool)])
    figure = matching_matrix(
        active_matching(gate_of(active), active),
        ["a", "b", "c", "a long name"],
        "A title that is longer than the matrix is wide, by far",
    )
    assert len(figure.axes[0].lines) == 3
    box, (width, height) = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer()), figure.get_size_inches()
    assert min(box.x0, box.y0) >= 0
    assert box.x1 <= width
    assert box.y1 <= height


NAN = np.full((ROWS, 2), np.nan)
REGION = TestPattern.region


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: active_matching(NAN, PRESENT), r"activity: expected finite .* 4000 values not finite"),
        (lambda: active_matching(np.zeros(ROWS), PRESENT), r"activity: .* got shape \[2000\]"),
        (lambda: active_matching(np.zeros((ROWS, 0)), PRESENT), r"activity: .* got shape \[2000, 0\]"),
        (lambda: active_matching(VALUES, PRESENT[:5]), r"active: .* shape \[2000, causes\].* got shape \[5, 3\]"),
        (lambda: active_matching(VALUES, VALUES), r"active: expected booleans .* of float64"),
        (lambda: active_matching(VALUES, EVERY), r"active: .* one of the 4 causes to be present on 2 rows and absent"),
        (lambda: factor_matching(NAN, VALUES, ACTIVE), r"code: expected finite"),
        (lambda: factor_matching(VALUES, VALUES[:, :2], ACTIVE), r"values: .* got shape \[2000, 2\]"),
        (lambda: factor_matching(VALUES, VALUES * np.nan, ACTIVE), r"values: .* finite where active"),
        (lambda: factor_matching(VALUES, VALUES, ~EVERY), r"active: .* to be active on 6 rows or more"),
        (lambda: pattern_agreement(np.ones((4, 3)), REGION[GROUP], REGION), r"got shapes \[4, 3\], \[4, 6, 6\]"),
        (lambda: pattern_agreement(np.ones((3, 4)), REGION[GROUP], -REGION), r"the last not negative"),
        (lambda: pattern_agreement(np.ones((3, 4)), REGION[GROUP] * np.nan, REGION), r"expected finite arrays"),
        (lambda: pattern_agreement(np.ones((3, 4)), 0 * REGION[GROUP], REGION), r"drawn: expected at least one"),
        (lambda: matching_matrix(active_matching(VALUES, PRESENT), ["a"], "t"), r"3 names and 4 numbers.* got 1 and 4"),
    ],
)  # fmt: skip
def test_bad_input_is_named_with_a_remedy(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "Try one of:\n- " in str(error.value)
