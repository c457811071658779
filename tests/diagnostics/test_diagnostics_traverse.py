"""Traversals and what a dimension draws: against loops and decoders of known answer; ink and slant of drawn shapes."""

import numpy as np
import pytest
import torch

from pellucid.diagnostics import drawn_by, ink, slant, traverse


def linear(seed=0, dim=4):
    """A linear decoder to 1 x 3 x 2 images, and its weights [D, 1, 3, 2]."""
    weight = torch.randn(dim, 1, 3, 2, generator=torch.Generator().manual_seed(seed))
    return (lambda z: torch.einsum("nd,dchw->nchw", z, weight)), weight


class TestTraverse:
    @pytest.mark.parametrize(
        "values", [torch.tensor([-3.0, 0.0, 3.0]), torch.tensor([[-1.0, 0.0, 1.0], [4.0, 5.0, 6.0]])]
    )
    def test_it_agrees_with_setting_one_dimension_at_a_time(self, values):
        decode, _ = linear()
        z, dimensions = torch.randn(5, 4), [3, 1]
        images = traverse(decode, z, dimensions, values)
        assert images.shape == (5, 2, 3, 1, 3, 2)
        for r in range(5):
            for k, j in enumerate(dimensions):
                for v in range(3):
                    code = z[r].clone()
                    code[j] = values.expand(2, 3)[k, v]
                    np.testing.assert_allclose(images[r, k, v], decode(code[None])[0], atol=1e-6)

    def test_a_single_code_gives_images_without_the_axis_of_rows(self):
        decode, _ = linear()
        z = torch.randn(4)
        one, many = traverse(decode, z, [0, 2], [-1, 1]), traverse(decode, z[None], [0, 2], [-1, 1])
        assert one.shape == (2, 2, 1, 3, 2)
        np.testing.assert_array_equal(one, many[0])

    def test_all_codes_are_decoded_in_one_call_without_gradients_and_z_is_left_alone(self):
        calls = []
        z = torch.randn(3, 4, requires_grad=True)
        before = z.detach().clone()

        def decode(code):
            calls.append((len(code), code.requires_grad, torch.is_grad_enabled()))
            return code[:, None, None]

        traverse(decode, z, range(4), np.linspace(-2, 2, 5))
        assert calls == [(3 * 4 * 5, False, False)]
        assert torch.equal(before, z.detach())

    @pytest.mark.parametrize(
        ("z", "dimensions", "values", "message"),
        [
            (torch.zeros(4), [4], [0.0], r"dimensions: expected indices from 0 to D - 1 .* got \[4\]"),
            (torch.zeros(4), [-1], [0.0], r"dimensions: expected indices"),
            (torch.zeros(4), [], [0.0], r"dimensions: expected indices"),
            (torch.zeros(2, 2, 4), [0], [0.0], r"z of shape \[2, 2, 4\]"),
            (torch.zeros(4), [0, 1], [[0.0]], r"values: expected shape \[V\], or \[2, V\]"),
            (torch.zeros(4), [0, 1], [], r"values: expected shape"),
        ],
    )
    def test_bad_input_is_named_with_a_remedy(self, z, dimensions, values, message):
        with pytest.raises(ValueError, match=message) as error:
            traverse(lambda code: code, z, dimensions, values)
        assert "Try one of:\n- " in str(error.value)


class TestDrawnBy:
    def test_under_a_linear_decoder_it_is_the_image_of_the_dimension_times_its_root_mean_square_where_on(self):
        decode, weight = linear()
        z = torch.randn(200, 4) * (torch.rand(200, 4) < 0.4) + 0.0
        drawn = drawn_by(decode, z, max_rows=200)
        for j in range(4):
            on = z[:, j][z[:, j] != 0]
            expected = on.sum().sign() * on.square().mean().sqrt() * weight[j]
            np.testing.assert_allclose(drawn[j], expected, rtol=1e-4, atol=1e-5)

    def test_rows_on_both_sides_of_zero_do_not_cancel(self):
        decode, weight = linear()
        z = torch.tensor([[1.0, 0, 0, 0], [-1.0, 0, 0, 0]])
        np.testing.assert_allclose(np.abs(drawn_by(decode, z, [0])[0]), weight[0].abs(), rtol=1e-5)

    def test_where_all_rows_hold_one_value_it_is_the_mean_difference_to_the_dimension_at_zero(self):
        decode, _ = linear()
        z = torch.randn(30, 4)
        z[:, 2] = -1.7

        def curved(code):
            return decode(code).tanh()

        off = z.clone()
        off[:, 2] = 0
        np.testing.assert_allclose(drawn_by(curved, z, [2])[0], (curved(z) - curved(off)).mean(0), atol=1e-6)

    def test_only_rows_on_which_the_dimension_is_on_count(self):
        decode, weight = linear()
        z = torch.zeros(10, 4)
        z[7, 1] = 2.0
        np.testing.assert_allclose(drawn_by(decode, z, [1])[0], 2 * weight[1], rtol=1e-5)

    def test_a_dimension_that_is_never_on_draws_nothing(self):
        decode, _ = linear()
        z = torch.randn(6, 4)
        z[:, 3] = 0
        assert (drawn_by(decode, z, [3]) == 0).all()

    @pytest.mark.parametrize("dimensions", [[4], [-1], []])
    def test_bad_dimensions_are_named_with_a_remedy(self, dimensions):
        with pytest.raises(ValueError, match="dimensions: expected indices") as error:
            drawn_by(lambda z: z, torch.zeros(2, 4), dimensions)
        assert "Try one of:\n- " in str(error.value)


def stroke(degrees, size=201, width=4.0):
    """A straight stroke through the middle, leaning to the right by so many degrees from upright."""
    up, right = np.mgrid[size // 2 : -size // 2 : -1, -(size // 2) : size // 2 + 1]
    return ((abs(right - np.tan(np.radians(degrees)) * up) < width) & (abs(up) < size // 4)).astype(float)[None]


class TestMeasured:
    def test_ink_is_the_sum_of_the_pixels_of_each_image(self):
        images = np.random.default_rng(0).random((2, 3, 1, 5, 4))
        expected = [[sum(images[i, j].ravel()) for j in range(3)] for i in range(2)]
        np.testing.assert_allclose(ink(torch.tensor(images)), expected)

    @pytest.mark.parametrize("degrees", [-40, -10, 0, 25, 50])
    def test_slant_is_the_lean_of_a_stroke_drawn_at_that_angle(self, degrees):
        assert slant(stroke(degrees)) == pytest.approx(degrees, abs=0.5)

    def test_slant_turns_its_sign_in_the_mirror_and_knows_neither_place_nor_brightness(self):
        image = stroke(20)
        assert slant(image[..., ::-1]) == pytest.approx(-slant(image))
        assert slant(0.3 * np.roll(image, (9, -14), (-2, -1))) == pytest.approx(slant(image))
        assert slant(np.concatenate([image, image])) == pytest.approx(slant(image))

    def test_slant_is_unknown_for_an_empty_image_and_for_a_single_row_of_pixels(self):
        row = np.zeros((1, 5, 5))
        row[0, 2] = 1
        assert np.isnan(slant(np.stack([np.zeros((1, 5, 5)), row]))).all()
