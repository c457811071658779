"""V-nat and the activated subspace, costs, planes and lines: closed forms, loops, repeated samples, and bad input."""

import numpy as np
import pytest
import torch

from pellucid.diagnostics.subspace import (
    activated_subspace,
    decode_plane,
    interpolate,
    v_nat,
    variation_cost,
)
from tests.watched import Watched

RANDOM = np.random.default_rng(0)
Y = np.array([0, 1, 0, 2, 1, 0, 2, 2, 2, 1])
VARIANCE = RANDOM.uniform(0.1, 2.0, (10, 4))
PRIOR = RANDOM.uniform(0.5, 3.0, (3, 4))


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def linear(seed=0, dim=4):
    """A linear decoder to 1 x 3 x 2 images, and its weights [D, 1, 3, 2]."""
    weight = normal(dim, 1, 3, 2, seed=seed)
    return (lambda z: torch.einsum("nd,dchw->nchw", z, weight)), weight


def curved(code):
    return torch.tanh(linear()[0](code) + code[:, :1, None, None] * code[:, 1:2, None, None])


class TestVNat:
    def test_it_agrees_with_a_loop_over_classes_dimensions_and_rows(self):
        found = v_nat(VARIANCE, Y, PRIOR)
        for k in range(3):
            for j in range(4):
                ratio = [PRIOR[k, j] / VARIANCE[n, j] for n in range(10) if Y[n] == k]
                assert found.value[k, j] == pytest.approx(np.log(np.mean(ratio)))
                error = np.std(ratio, ddof=1) / len(ratio) ** 0.5 / np.mean(ratio)
                assert found.standard_error[k, j] == pytest.approx(error)
        assert found.rows.tolist() == [3, 3, 4]

    def test_a_posterior_that_is_the_prior_has_none_and_no_error(self):
        found = v_nat(torch.tensor(PRIOR)[Y], Y, PRIOR)
        np.testing.assert_allclose(found.value, 0, atol=1e-12)
        np.testing.assert_allclose(found.standard_error, 0, atol=1e-12)

    @pytest.mark.parametrize("factor", [0.5, 1e-8, 3.0])
    def test_a_variance_so_many_times_the_priors_has_minus_its_logarithm(self, factor):
        np.testing.assert_allclose(v_nat(factor * PRIOR[Y], Y, PRIOR).value, -np.log(factor))

    def test_of_the_variances_given_every_class_that_of_the_rows_own_is_read(self):
        every = RANDOM.uniform(0.1, 2.0, (10, 3, 4))
        every[np.arange(10), Y] = VARIANCE
        np.testing.assert_array_equal(v_nat(every, Y, PRIOR).value, v_nat(VARIANCE, Y, PRIOR).value)

    def test_the_prior_may_be_one_number_or_one_a_dimension(self):
        whole = v_nat(VARIANCE, Y, np.full((3, 4), 2.0)).value
        np.testing.assert_array_equal(v_nat(VARIANCE, Y, 2.0).value, whole)
        np.testing.assert_array_equal(v_nat(VARIANCE, torch.tensor(Y), torch.full((4,), 2.0)).value, whole)

    def test_errors_are_the_spread_over_repeated_samples(self):
        def once(seed):
            random = np.random.default_rng(seed)
            y = random.integers(0, 2, 400)
            return v_nat(np.exp(random.normal(-1, [0.2, 0.6], (400, 2))), y, 1.0)

        runs = [once(seed) for seed in range(400)]
        spread = np.std([run.value for run in runs], axis=0, ddof=1)
        np.testing.assert_allclose(np.mean([run.standard_error for run in runs], axis=0), spread, rtol=0.15)
        expected = 1 + np.array([0.2, 0.6]) ** 2 / 2  # log of the mean of a log-normal ratio
        np.testing.assert_allclose(np.mean([run.value for run in runs], axis=0), [expected] * 2, atol=0.01)

    def test_a_class_without_a_row_is_unknown_and_a_class_of_one_row_has_no_error(self):
        found = v_nat(VARIANCE[:4], Y[:4], 1.0, classes=["a", "b", "c", "d"])
        assert np.isnan(found.value[3]).all()
        assert np.isfinite(found.value[:3]).all()
        assert np.isnan(found.standard_error[1:]).all()
        assert np.isfinite(found.standard_error[0]).all()
        assert found.rows.tolist() == [2, 1, 1, 0]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((VARIANCE[0], Y, 1.0), r"variance: expected .* got \[4\]"),
            ((np.zeros((0, 4)), Y[:0], 1.0), "variance: expected .* none of them empty"),
            ((0 * VARIANCE, Y, 1.0), "variance: expected positive, finite variances; 40 of 40 are not"),
            ((np.where(VARIANCE > 1, np.nan, VARIANCE), Y, 1.0), "variance: expected positive"),
            ((VARIANCE, Y[:5], 1.0), "y: expected one label for each of the 10 rows"),
            ((VARIANCE, Y - 1, 1.0), "y: expected labels from 0 to 1, .* from -1 to 1"),
            ((VARIANCE[:, None].repeat(2, 1), Y, 1.0), r"y: expected labels from 0 to 1.*shape \[10, 2, 4\]"),
            ((VARIANCE, Y, -1.0), "prior_variance: expected positive"),
            ((VARIANCE, Y, np.ones(3)), r"prior_variance: expected a number, or shape \[4\] or \[3, 4\]; got \[3\]"),
        ],
    )
    def test_bad_input_is_named_with_a_remedy(self, arguments, message):
        with pytest.raises(ValueError, match=message) as error:
            v_nat(*arguments)
        assert "Try one of:\n- " in str(error.value)

    @pytest.mark.parametrize("classes", [2, 4, ["a", "b"]])
    def test_variances_of_another_number_of_classes_are_refused(self, classes):
        with pytest.raises(ValueError, match=r"(?s)y: expected labels .*Try one of"):
            v_nat(VARIANCE[:, None].repeat(3, 1), Y, 1.0, classes=classes)


class TestActivatedSubspace:
    def test_dimensions_above_the_threshold_are_activated_for_each_class_and_united(self):
        value = np.array([[0.5, 1.0, 1.01, 4.0], [2.0, 0.0, -3.0, 1.5], [0.0, 0.0, 0.0, 0.0]])
        found = activated_subspace(value)
        assert [each.tolist() for each in found.dimensions] == [[2, 3], [0, 3], []]
        assert found.union.tolist() == [0, 2, 3]
        assert found.count == 3
        assert activated_subspace(value, threshold=-10.0).count == 4
        assert activated_subspace(value, threshold=10.0).count == 0

    def test_a_v_nat_its_values_and_a_single_class_are_read_alike(self):
        found = v_nat(VARIANCE, Y, PRIOR)
        whole = activated_subspace(found).activated
        np.testing.assert_array_equal(whole, activated_subspace(torch.tensor(found.value)).activated)
        for k in range(3):
            np.testing.assert_array_equal(whole[k], activated_subspace(found.value[k]).activated[0])

    def test_a_class_without_a_row_activates_nothing(self):
        found = activated_subspace(v_nat(0.01 * VARIANCE, Y, 1.0, classes=4))
        assert not found.activated[3].any()
        assert found.activated[:3].all()

    def test_a_narrower_posterior_activates_no_fewer_dimensions(self):
        counts = [activated_subspace(v_nat(VARIANCE * factor, Y, 1.0)).count for factor in (2.0, 1.0, 0.5, 0.1)]
        assert counts == sorted(counts)
        assert counts[0] < counts[-1] == 4

    @pytest.mark.parametrize("value", [np.zeros((2, 2, 2)), np.zeros(()), np.zeros((0, 3))])
    def test_values_of_another_shape_are_refused(self, value):
        with pytest.raises(ValueError, match=r"(?s)v_nat: expected values of shape .*Try one of"):
            activated_subspace(value)


class TestVariationCost:
    active = np.array([True, False, True, False])

    def test_under_a_linear_decoder_it_is_the_squared_step_times_the_mean_squared_weight(self):
        decode, weight = linear()
        step = np.array([0.5, 1.0, 2.0, 3.0])
        cost = variation_cost(decode, normal(6, 4), step, self.active)
        expected = step**2 * weight.square().mean((1, 2, 3)).numpy()
        np.testing.assert_allclose(cost.dimension, expected, rtol=1e-4)
        np.testing.assert_allclose(cost.dimension_error, 0, atol=1e-6)
        assert cost.active == pytest.approx(expected[[0, 2]].mean(), rel=1e-4)
        assert cost.inactive == pytest.approx(expected[[1, 3]].mean(), rel=1e-4)

    def test_under_a_curved_decoder_it_agrees_with_a_loop(self):
        z, change = normal(5, 4), np.empty((5, 4))
        for n in range(5):
            for j in range(4):
                moves = [curved((z[n] + s * 0.7 * torch.eye(4)[j])[None]) - curved(z[n][None]) for s in (1, -1)]
                change[n, j] = np.mean([move.square().mean() for move in moves])
        cost = variation_cost(curved, z, 0.7, self.active)
        np.testing.assert_allclose(cost.dimension, change.mean(0), rtol=1e-4)
        np.testing.assert_allclose(cost.dimension_error, change.std(0, ddof=1) / 5**0.5, rtol=1e-4)
        rows = change[:, self.active].mean(1)
        assert cost.active == pytest.approx(rows.mean(), rel=1e-4)
        assert cost.active_error == pytest.approx(rows.std(ddof=1) / 5**0.5, rel=1e-4)

    def test_a_dimension_that_the_decoder_does_not_read_costs_nothing(self):
        cost = variation_cost(lambda z: curved(z * torch.tensor([1.0, 0.0, 1.0, 0.0])), normal(5, 4), 3.0, self.active)
        assert cost.inactive == cost.inactive_error == 0
        assert cost.active > 0.01

    def test_each_row_may_have_activated_dimensions_of_its_own(self):
        decode, weight = linear()
        energy = weight.square().mean((1, 2, 3)).numpy()
        mask = np.array([[True, False, False, False], [False, True, True, False], [False] * 4])
        cost = variation_cost(decode, normal(3, 4), 1.0, mask)
        assert cost.active == pytest.approx((energy[0] + energy[1:3].mean()) / 2, rel=1e-4)
        rest = [energy[1:].mean(), energy[[0, 3]].mean(), energy.mean()]
        assert cost.inactive == pytest.approx(np.mean(rest), rel=1e-4)
        np.testing.assert_allclose(cost.inactive_error, np.std(rest, ddof=1) / 3**0.5, rtol=1e-3)

    def test_without_any_activated_dimension_its_cost_is_unknown(self):
        cost = variation_cost(linear()[0], normal(3, 4), 1.0, np.zeros(4, dtype=bool))
        assert np.isnan([cost.active, cost.active_error]).all()
        assert np.isfinite([cost.inactive, cost.inactive_error]).all()

    def test_it_decodes_without_gradients_and_leaves_z_alone(self):
        z, decode = normal(3, 4).requires_grad_(), Watched()
        before = z.detach().clone()
        variation_cost(decode, z, 1.0, self.active)
        assert decode.calls == [(3, False, False)] * 9
        assert z.equal(before)

    @pytest.mark.parametrize(
        ("z", "scale", "active", "message"),
        [
            (normal(4), 1.0, active, r"z: expected codes of shape \[rows, dimensions\]"),
            (normal(3, 4), 0.0, active, r"scale: expected a positive standard deviation, or 4 of them"),
            (normal(3, 4), np.ones(3), active, r"scale: .* got \[3\]"),
            (normal(3, 4), np.array([1, 1, np.nan, 1]), active, "scale: .* 1 of them not positive"),
            (normal(3, 4), 1.0, active[:3], r"active: expected booleans of shape \[4\], or \[3, 4\].* got \[3\]"),
            (normal(3, 4), 1.0, np.array([0, 2]), "active: .* of int"),
        ],
    )
    def test_bad_input_is_named_with_a_remedy(self, z, scale, active, message):
        with pytest.raises(ValueError, match=message) as error:
            variation_cost(linear()[0], z, scale, active)
        assert "Try one of:\n- " in str(error.value)


class TestInterpolate:
    def test_it_agrees_with_decoding_each_point_of_each_line(self):
        start, end = normal(3, 4), normal(3, 4, seed=1)
        images = interpolate(curved, start, end, steps=5)
        assert images.shape == (3, 5, 1, 3, 2)
        for p in range(3):
            for s in range(5):
                code = start[p] * (1 - s / 4) + end[p] * s / 4
                np.testing.assert_allclose(images[p, s], curved(code[None])[0], atol=1e-5)

    def test_both_ends_are_the_images_of_the_codes_themselves(self):
        start, end = 1e4 * normal(3, 4), normal(3, 4, seed=1)
        images = interpolate(lambda z: z, start, end, steps=7)
        np.testing.assert_array_equal(images[:, 0], start)
        np.testing.assert_array_equal(images[:, -1], end)

    def test_backward_is_forward_reversed_and_one_start_serves_all_ends(self):
        start, end = normal(4), normal(3, 4, seed=1)
        images = interpolate(curved, start, end)
        np.testing.assert_allclose(interpolate(curved, end, start)[:, ::-1], images, atol=1e-5)
        np.testing.assert_allclose(interpolate(curved, start, end[1]), images[1], atol=1e-6)

    def test_a_line_from_a_code_to_itself_is_its_image_throughout(self):
        z = normal(4)
        images = interpolate(curved, z, z, steps=4)
        np.testing.assert_allclose(images, np.broadcast_to(curved(z[None]), images.shape), atol=1e-6)

    def test_it_decodes_once_without_gradients(self):
        decode = Watched()
        interpolate(decode, normal(3, 4).requires_grad_(), normal(4), steps=6)
        assert decode.calls == [(18, False, False)]

    @pytest.mark.parametrize(
        ("start", "end", "steps", "message"),
        [
            (normal(4), normal(3), 3, r"end: expected codes .* got \[4\] for start and \[3\]"),
            (normal(2, 4), normal(3, 4), 3, "end: expected codes"),
            (normal(2, 2, 4), normal(4), 3, "end: expected codes"),
            (normal(0, 4), normal(4), 3, "end: expected codes"),
            (normal(4), normal(4), 1, "steps: expected two images a line or more.* got 1"),
        ],
    )
    def test_bad_input_is_named_with_a_remedy(self, start, end, steps, message):
        with pytest.raises(ValueError, match=message) as error:
            interpolate(lambda z: z, start, end, steps)
        assert "Try one of:\n- " in str(error.value)


class TestDecodePlane:
    def test_it_agrees_with_setting_two_dimensions_at_every_point(self):
        z = normal(4)
        plane = decode_plane(curved, z, (-2.0, 3.0), (4.0, 5.0), steps=(6, 3), dimensions=(3, 1))
        assert plane.images.shape == (3, 6, 1, 3, 2)
        np.testing.assert_allclose(plane.across, [-2, -1, 0, 1, 2, 3])
        np.testing.assert_allclose(plane.up, [4, 4.5, 5])
        for v in range(3):
            for w in range(6):
                code = torch.stack([z[0], torch.tensor(plane.up[v]), z[2], torch.tensor(plane.across[w])])
                np.testing.assert_allclose(plane.images[v, w], curved(code.float()[None])[0], atol=1e-5)

    def test_one_range_serves_both_dimensions_and_the_limits_are_half_a_step_beyond(self):
        plane = decode_plane(lambda z: z, torch.zeros(2), (-15.0, 15.0))
        assert plane.images.shape == (31, 31, 2)
        assert plane.limits == ((-15.5, 15.5), (-15.5, 15.5))
        assert plane.images[0, 30].tolist() == [15, -15]

    def test_turning_the_dimensions_turns_the_plane(self):
        z = normal(4)
        one = decode_plane(curved, z, (-1.0, 1.0), (0.0, 3.0), steps=4, dimensions=(0, 2))
        other = decode_plane(curved, z, (0.0, 3.0), (-1.0, 1.0), steps=4, dimensions=(2, 0))
        np.testing.assert_allclose(one.images, other.images.swapaxes(0, 1), atol=1e-5)

    @pytest.mark.parametrize(
        ("z", "arguments", "message"),
        [
            (torch.zeros(2, 3), {}, r"z: expected a single code .* got \[2, 3\]"),
            (torch.zeros(3), {"dimensions": (0, 3)}, "expected different dimensions from 0 to 2"),
            (torch.zeros(3), {"dimensions": (1, 1)}, "without a dimension in common"),
            (torch.zeros(3), {"up": (1.0, -1.0)}, "up: expected a least and a largest value.* got 1.0 to -1.0"),
            (torch.zeros(3), {"up": (0.0, np.inf)}, "up: expected a least"),
            (torch.zeros(3), {"steps": 1}, "across: expected .* in 1"),
            (torch.zeros(3), {"steps": (3, 1)}, "up: expected .* in 1"),
        ],
    )
    def test_bad_input_is_named_with_a_remedy(self, z, arguments, message):
        with pytest.raises(ValueError, match=message) as error:
            decode_plane(lambda z: z, z, (-1.0, 1.0), **arguments)
        assert "Try one of:\n- " in str(error.value)
