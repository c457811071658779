"""Interventions on blocks of the code: closed forms on linear decoders, loops, extremes, and bad input."""

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from pellucid.diagnostics import traverse
from pellucid.diagnostics.interventions import (
    intervention_selectivity,
    swap,
    swap_cost,
    traverse_grid,
    variance_map,
)
from tests.watched import Watched


def linear(seed=0, dim=4):
    """A linear decoder to 1 x 3 x 2 images, and its weights [D, 1, 3, 2]."""
    weight = torch.randn(dim, 1, 3, 2, generator=torch.Generator().manual_seed(seed))
    return (lambda z: torch.einsum("nd,dchw->nchw", z, weight)), weight


def curved(code):
    return torch.tanh(linear()[0](code) + code[:, :1, None, None] * code[:, 1:2, None, None])


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class TestSwap:
    def test_each_row_has_the_block_of_its_partner_and_the_rest_of_its_own(self):
        z, partner = normal(6, 4), [3, 3, 0, 5, 4, 1]
        images = swap(curved, z, [3, 1], torch.tensor(partner))
        for n, other in enumerate(partner):
            code = torch.stack([z[n, 0], z[other, 1], z[n, 2], z[other, 3]])
            np.testing.assert_allclose(images[n], curved(code[None])[0], atol=1e-6)

    def test_an_empty_block_a_whole_code_and_oneself_as_partner(self):
        z, partner = normal(6, 4), torch.randperm(6)
        np.testing.assert_array_equal(swap(curved, z, [], partner), curved(z))
        np.testing.assert_array_equal(swap(curved, z, range(4), partner), curved(z[partner]))
        np.testing.assert_array_equal(swap(curved, z, [0, 2], np.arange(6)), curved(z))

    def test_the_style_of_the_partner_is_the_complement_of_its_characteristics(self):
        z, partner = normal(6, 4), torch.tensor([1, 0, 3, 2, 5, 4])
        there_and_back = swap(curved, z, [2, 3], partner)[partner]
        np.testing.assert_allclose(swap(curved, z, [0, 1], partner), there_and_back, atol=1e-6)

    def test_it_decodes_once_without_gradients_and_leaves_z_alone(self):
        z, decode = normal(3, 4).requires_grad_(), Watched()
        before = z.detach().clone()
        swap(decode, z, [1], torch.tensor([2, 0, 1]))
        assert decode.calls == [(3, False, False)]
        assert z.equal(before)

    @pytest.mark.parametrize(
        ("z", "block", "partner", "message"),
        [
            (torch.zeros(4), [0], [0], r"z: expected codes of shape \[rows, dimensions\].* got \[4\]"),
            (torch.zeros(0, 4), [0], [], "z: expected codes"),
            (torch.zeros(2, 4), [4], [0, 1], r"block: expected different dimensions from 0 to 3 .* got \[4\]"),
            (torch.zeros(2, 4), [-1], [0, 1], "block: expected different dimensions"),
            (torch.zeros(2, 4), [1, 1], [0, 1], "block: expected different dimensions"),
            (torch.zeros(2, 4), [0], [0, 2], r"partner: expected a row from 0 to 1"),
            (torch.zeros(2, 4), [0], [0, -1], "partner: expected a row"),
            (torch.zeros(2, 4), [0], [0], "partner: expected a row"),
            (torch.zeros(2, 4), [0], [0.0, 1.0], "partner: .* of float"),
            (torch.zeros(2, 4), [0], [True, False], "partner: .* of bool"),
        ],
    )
    def test_bad_input_is_named_with_a_remedy(self, z, block, partner, message):
        with pytest.raises(ValueError, match=message) as error:
            swap(lambda code: code, z, block, np.array(partner))
        assert "Try one of:\n- " in str(error.value)


def orthogonal(dim, seed=0):
    return torch.linalg.qr(normal(dim, dim, seed=seed).double()).Q


def swapped(decode, z, blocks, seed=0):
    partner = torch.randperm(len(z), generator=torch.Generator().manual_seed(seed))
    return [swap(decode, z, block, partner) for block in blocks]


HADAMARD = torch.tensor([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]).double() / 2


class TestSelectivity:
    z = normal(2000, 4).double()
    each = tuple([j] for j in range(4))

    def score(self, rotation, **arguments):
        """Factors f = R z drawn by orthogonal images, and read off again."""
        picture = orthogonal(4)

        def decode(code):
            return code @ rotation.T @ picture

        def measure(images):
            return images @ picture.T.numpy()

        after = swapped(decode, self.z, self.each)
        return intervention_selectivity(measure, decode(self.z), after, **arguments)

    def test_a_code_whose_dimensions_are_the_factors_scores_one_without_error(self):
        found = self.score(torch.eye(4).double())
        np.testing.assert_allclose(found.share, 1)
        np.testing.assert_allclose(found.change * (1 - np.eye(4)), 0, atol=1e-12)
        np.testing.assert_allclose(found.share_error, 0, atol=1e-12)
        assert found.score == pytest.approx(1)

    def test_a_code_rotated_through_all_factors_scores_chance(self):
        found = self.score(HADAMARD, scale=np.ones(4))
        np.testing.assert_allclose(found.share, 1 / 4)
        np.testing.assert_array_equal(found.chance, 1 / 4)
        assert found.score == pytest.approx(1 / 4)

    def test_a_code_turned_in_a_plane_is_shared_by_sine_and_cosine(self):
        angle = 0.4
        turn = torch.eye(4).double()
        turn[:2, :2] = torch.tensor([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        expected = np.cos(angle) / (np.cos(angle) + np.sin(angle))
        np.testing.assert_allclose(self.score(turn, scale=np.ones(4)).share, [expected, expected, 1, 1])

    def test_standard_normal_factors_change_by_two_over_root_pi(self):
        found = self.score(torch.eye(4).double())
        apart = np.diag(found.change) - 2 / np.pi**0.5
        assert (abs(apart) < 4.5 * np.diag(found.change_error)).all()

    def test_the_change_is_the_mean_over_rows_in_units_of_the_scale(self):
        before, after = normal(7, 3, seed=1).numpy(), normal(2, 7, 3, seed=2).numpy()
        scale = np.array([1.0, 2.0, 0.5])
        found = intervention_selectivity(lambda x: x, before, after, own=[0, 1, 1], scale=scale)
        for k in range(2):
            for f in range(3):
                rows = [abs(after[k, n, f] - before[n, f]) / scale[f] for n in range(7)]
                assert found.change[k, f] == pytest.approx(np.mean(rows))
                assert found.change_error[k, f] == pytest.approx(np.std(rows, ddof=1) / 7**0.5)
        np.testing.assert_allclose(found.share[1], found.change[1, 1:].sum() / found.change[1].sum())
        np.testing.assert_allclose(found.chance, [1 / 3, 2 / 3])
        whole = intervention_selectivity(lambda x: x, before, after, own=[0, 1, 1])
        np.testing.assert_allclose(whole.change, found.change * scale / before.std(0), rtol=1e-5)

    def test_errors_of_shares_and_score_are_their_spread_over_repeated_samples(self):
        def once(seed):
            start, moved = normal(150, 3, seed=2 * seed).numpy(), normal(3, 150, 3, seed=2 * seed + 1).numpy()
            mixing = np.array([[3, 1, 0], [0.5, 1, 0.2], [0, 1, 1]])
            common = start[:, :1]  # ties the blocks of a row together
            return intervention_selectivity(
                lambda x: x, start, [start + (moved[k] + common) * mixing[k] for k in range(3)], scale=np.ones(3)
            )

        runs = [once(seed) for seed in range(400)]
        for name in ("share", "score"):
            spread = np.std([getattr(run, name) for run in runs], axis=0, ddof=1)
            told = np.mean([getattr(run, f"{name}_error") for run in runs], axis=0)
            np.testing.assert_allclose(told, spread, rtol=0.15)

    def test_a_block_that_changes_nothing_has_no_share_and_counts_as_zero(self):
        before = self.z[:, :2].numpy()
        after = before.copy()
        after[:, 0] += 1
        found = intervention_selectivity(lambda x: x, before, [after, before])
        assert found.share[0] == 1
        assert np.isnan([found.share[1], found.share_error[1]]).all()
        assert found.score == 0.5
        assert found.change[1].tolist() == [0, 0]
        still = intervention_selectivity(lambda x: x, before, [before, before])
        assert still.score == still.score_error == 0

    def test_a_quantity_of_no_block_takes_away_from_all(self):
        before = self.z[:, :2].numpy()
        found = intervention_selectivity(lambda x: x, before, [before + 1], own=[0, -1], scale=np.ones(2))
        assert found.share.tolist() == found.chance.tolist() == [0.5]

    def test_images_moved_may_come_one_by_one(self):
        before = self.z.numpy()
        after = [before + np.eye(4)[k] for k in range(4)]
        one, other = (intervention_selectivity(lambda x: x, before, images) for images in (after, iter(after)))
        np.testing.assert_array_equal(one.change, other.change)

    def test_one_row_has_no_error(self):
        found = intervention_selectivity(lambda x: x, np.zeros((1, 1)), [np.ones((1, 1))], scale=np.ones(1))
        assert found.score == 1
        assert np.isnan([found.score_error, found.share_error[0], found.change_error[0, 0]]).all()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"after": []}, "after: expected the images of at least one moved block"),
            ({"after": [np.zeros((2, 2))]}, r"after: expected K arrays .* \[3, 2\]; got \[2, 2\]"),
            ({"own": [0]}, "own: expected for each of the 2 quantities one of the 2 blocks"),
            ({"own": [0, 2]}, "own: expected"),
            ({"own": [0, 0]}, "own: .* a quantity at least for each block"),
            ({"scale": np.ones(3)}, r"scale: expected 2 positive numbers.* got shape \[3\]"),
            ({"scale": np.array([1.0, 0.0])}, r"scale: .* not positive for quantities \[1\]"),
            ({"before": np.zeros((3, 2))}, r"scale: .* not positive for quantities \[0, 1\]"),
            ({"measure": lambda x: x[:, 0]}, r"measure: expected finite quantities of shape \[3, F\]"),
            ({"measure": lambda x: x * np.nan}, "measure: .* 6 of them not finite"),
            ({"measure": lambda x: x[:2]}, "measure: expected"),
        ],
    )
    def test_bad_input_is_named_with_a_remedy(self, arguments, message):
        before = np.arange(6.0).reshape(3, 2)
        good = {"measure": lambda x: x, "before": before, "after": [before + 1, before - 1]}
        with pytest.raises(ValueError, match=message) as error:
            intervention_selectivity(**{**good, **arguments})
        assert "Try one of:\n- " in str(error.value)


class TestSwapCost:
    """A code of one characteristic and one style, and a classifier that sees the first only."""

    z = normal(300, 2).double()
    y = (z[:, :1] > 0).numpy()

    def log_prob(self, images):
        return -np.log1p(np.exp(np.where(self.y, -images, images)[:, :1]))

    def test_exchanging_the_style_costs_nothing(self):
        partner = torch.randperm(300)
        cost = swap_cost(self.log_prob, self.z, swap(lambda z: z, self.z, [1], partner))
        assert cost.total == cost.total_error == 0

    def test_exchanging_the_characteristic_costs_the_difference_of_the_log_probabilities(self):
        partner = torch.arange(300).roll(1)
        cost = swap_cost(self.log_prob, self.z, swap(lambda z: z, self.z, [0], partner))
        fall = []
        for n in range(300):
            side = 1 if self.y[n] else -1
            own, other = (float(torch.sigmoid(side * self.z[row, 0])) for row in (n, int(partner[n])))
            fall.append(np.log(own) - np.log(other))
        assert cost.total == pytest.approx(np.mean(fall))
        assert cost.total_error == pytest.approx(np.std(fall, ddof=1) / 300**0.5)
        assert cost.label.tolist() == [pytest.approx(cost.total)]

    def test_labels_are_told_one_by_one_and_their_sum_keeps_what_they_have_in_common(self):
        first, second = -normal(50, 3, seed=1).exp().numpy(), -normal(50, 3, seed=2).exp().numpy()
        cost = swap_cost(lambda images: images, first, second)
        np.testing.assert_allclose(cost.label, (first - second).mean(0), rtol=1e-5)
        assert cost.total == pytest.approx(cost.label.sum())
        twice = swap_cost(lambda images: images[:, [0, 0]], first, second)
        assert twice.total_error == pytest.approx(2 * twice.label_error[0])

    def test_one_label_a_row_may_come_without_an_axis(self):
        first, second = np.array([-1.0, -2.0]), np.array([-1.5, -4.5])
        cost = swap_cost(lambda images: images, first, second)
        assert cost.total == cost.label[0] == 1.5
        assert cost.total_error == pytest.approx(1.0)

    def test_a_single_row_has_no_error(self):
        cost = swap_cost(lambda images: images, np.array([-1.0]), np.array([-2.0]))
        assert cost.total == 1
        assert np.isnan([cost.total_error, *cost.label_error]).all()

    @pytest.mark.parametrize(
        ("after", "log_prob", "message"),
        [
            (np.zeros((2, 1)), lambda x: -x, r"after: expected images of the shape of before, \[3, 1\]; got \[2, 1\]"),
            (np.ones((3, 1)), lambda x: x - 0.5, "log_prob: .* 3 positive"),
            (np.full((3, 1), np.inf), lambda x: -x, "log_prob: .* 3 of them not finite"),
            (np.ones((3, 1)), lambda x: -x[:2], r"log_prob: expected .* of shape \[3\] or \[3, labels\]"),
            (np.ones((3, 1)), lambda x: -x.mean(), "log_prob: expected"),
        ],
    )
    def test_bad_input_is_named_with_a_remedy(self, after, log_prob, message):
        with pytest.raises(ValueError, match=message) as error:
            swap_cost(log_prob, np.zeros((3, 1)), after)
        assert "Try one of:\n- " in str(error.value)


class TestVarianceMap:
    def test_a_block_that_draws_one_image_linearly_has_its_square_times_the_variance_of_the_draws(self):
        decode, weight = linear()
        draws = normal(50, 3, 1)
        found = variance_map(decode, normal(3, 4, seed=1), [2], draws)
        expected = draws.var(0)[:, :, None, None] * weight[2].square()
        np.testing.assert_allclose(found.variance, expected, rtol=1e-4)
        total = expected.sum((1, 2, 3))
        assert found.diversity == pytest.approx(float(total.mean()), rel=1e-4)
        assert found.standard_error == pytest.approx(float(total.std()) / 3**0.5, rel=1e-3)

    def test_a_curved_decoder_agrees_with_images_kept_and_numpy(self):
        z, draws = normal(5, 4), normal(20, 5, 2, seed=1)
        found = variance_map(curved, z, [3, 0], draws)
        images = [curved(torch.stack([d[:, 1], z[:, 1], z[:, 2], d[:, 0]], 1)).numpy() for d in draws]
        np.testing.assert_allclose(found.variance, np.var(images, axis=0, ddof=1), rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(found.mean, np.mean(images, axis=0), rtol=1e-4, atol=1e-6)

    def test_a_sampler_is_asked_once_and_its_variance_found_within_its_error(self):
        decode, weight = linear()
        scale = torch.tensor([[0.5], [2.0]])
        torch.manual_seed(0)
        found = variance_map(decode, torch.zeros(2, 4), [1], Normal(torch.ones(2, 1), scale).sample, samples=4000)
        expected = scale.square()[:, :, None, None] * weight[1].square()
        np.testing.assert_allclose(found.variance, expected, rtol=4.5 * (2 / 4000) ** 0.5)

    def test_draws_of_every_row_may_be_given_once(self):
        z, draws = normal(5, 4), normal(6, 1, 2, seed=1)
        one, other = (variance_map(curved, z, [0, 1], each) for each in (draws, draws.expand(6, 5, 2)))
        np.testing.assert_array_equal(one.variance, other.variance)

    def test_an_empty_block_and_equal_draws_have_no_variance_and_a_whole_code_has_that_of_the_draws(self):
        decode, weight = linear()
        z = normal(3, 4)
        assert (variance_map(decode, z, [], torch.zeros(4, 3, 0)).variance == 0).all()
        assert variance_map(decode, z, [0, 1], torch.ones(4, 3, 2)).diversity == pytest.approx(0, abs=1e-10)
        draws = normal(30, 3, 4, seed=5)
        whole = variance_map(decode, z, range(4), draws).variance
        np.testing.assert_allclose(whole, torch.einsum("snd,dchw->snchw", draws, weight).var(0), rtol=1e-4)

    def test_a_large_mean_does_not_swallow_a_small_variance(self):
        draws = 1e8 + normal(100, 1, 1).double()
        found = variance_map(lambda z: z, torch.zeros(1, 1).double(), [0], draws)
        assert found.diversity == pytest.approx(float(draws.var()), rel=1e-6)

    def test_it_decodes_once_a_draw_without_gradients_and_leaves_z_alone(self):
        z, decode = normal(3, 4).requires_grad_(), Watched()
        before = z.detach().clone()
        variance_map(decode, z, [1], torch.zeros(5, 3, 1))
        assert decode.calls == [(3, False, False)] * 5
        assert z.equal(before)

    @pytest.mark.parametrize(
        ("draws", "message"),
        [
            (torch.zeros(1, 3, 2), r"draws: expected two finite draws or more of 2 dimensions.* got \[1, 3, 2\]"),
            (torch.zeros(5, 3, 1), r"draws: .* shape \[S, 3, 2\] or \[S, 1, 2\]; got \[5, 3, 1\]"),
            (torch.zeros(5, 2), "draws: expected"),
            (torch.zeros(5, 2, 2), "draws: expected"),
            (torch.full((5, 3, 2), torch.nan), "draws: .* 30 values not finite"),
            (lambda shape: torch.zeros(*shape, 3), "draws: expected"),
        ],
    )
    def test_bad_draws_are_named_with_a_remedy(self, draws, message):
        with pytest.raises(ValueError, match=message) as error:
            variance_map(lambda z: z, torch.zeros(3, 4), [0, 1], draws)
        assert "Try one of:\n- " in str(error.value)

    @pytest.mark.parametrize("samples", [1, 0, -3])
    def test_too_few_samples_are_refused(self, samples):
        with pytest.raises(ValueError, match=r"(?s)draws: expected two finite draws or more.*samples=64"):
            variance_map(lambda z: z, torch.zeros(3, 4), [0], Normal(torch.zeros(3, 1), 1.0).sample, samples=samples)


class TestTraverseGrid:
    def test_it_agrees_with_setting_two_blocks_at_every_pair_of_values(self):
        z, down, across = normal(2, 4), normal(3, 2, seed=1), normal(5, seed=2)
        images = traverse_grid(curved, z, ([3, 0], 2), down, across)
        assert images.shape == (2, 3, 5, 1, 3, 2)
        for r in range(2):
            for v in range(3):
                for w in range(5):
                    code = torch.stack([down[v, 1], z[r, 1], across[w], down[v, 0]])
                    np.testing.assert_allclose(images[r, v, w], curved(code[None])[0], atol=1e-6)

    def test_a_single_code_gives_images_without_the_axis_of_rows(self):
        z = normal(4)
        one, many = (traverse_grid(curved, code, (0, 1), [-1, 1], [0, 2]) for code in (z, z[None]))
        assert one.shape == (2, 2, 1, 3, 2)
        np.testing.assert_array_equal(one, many[0])

    def test_the_row_at_the_codes_own_value_is_the_traversal_of_the_other_dimension(self):
        z, values = normal(4), [-2.0, 0.0, 2.0]
        grid = traverse_grid(curved, z, (0, 3), [float(z[0])], values)
        np.testing.assert_allclose(grid, traverse(curved, z, [3], values), atol=1e-6)

    def test_down_and_across_change_places_with_their_blocks(self):
        z, a, b = normal(4), [-1.0, 3.0], [0.0, 1.0, 2.0]
        one, other = traverse_grid(curved, z, (0, 1), a, b), traverse_grid(curved, z, (1, 0), b, a)
        np.testing.assert_allclose(one, other.swapaxes(0, 1), atol=1e-6)

    def test_it_decodes_once_without_gradients_and_leaves_z_alone(self):
        z, decode = normal(2, 4).requires_grad_(), Watched()
        before = z.detach().clone()
        traverse_grid(decode, z, (0, 1), [1, 2, 3], [4, 5])
        assert decode.calls == [(2 * 3 * 2, False, False)]
        assert z.equal(before)

    @pytest.mark.parametrize(
        ("z", "blocks", "down", "message"),
        [
            (torch.zeros(2, 2, 4), (0, 1), [0.0], r"z: expected codes .* got \[2, 2, 4\]"),
            (torch.zeros(4), (0, 4), [0.0], r"blocks\[1\]: expected different dimensions from 0 to 3"),
            (torch.zeros(4), (-1, 0), [0.0], r"blocks\[0\]: expected"),
            (torch.zeros(4), ([0, 1], [1, 2]), [0.0], r"blocks: .* without a dimension in common; got \[0, 1\] and"),
            (torch.zeros(4), ([0, 1], 2), [0.0], r"down: expected values of shape \[V, 2\]"),
            (torch.zeros(4), (0, 1), [], r"down: expected values of shape \[V, 1\]"),
        ],
    )
    def test_bad_input_is_named_with_a_remedy(self, z, blocks, down, message):
        with pytest.raises(ValueError, match=message) as error:
            traverse_grid(lambda code: code, z, blocks, down, [0.0])
        assert "Try one of:\n- " in str(error.value)
