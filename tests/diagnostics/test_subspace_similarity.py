"""SSIM and diversity: closed cases, direct summation, figures of another library, symmetry, extremes, and bad input."""

import numpy as np
import pytest
import torch

from pellucid.diagnostics.subspace import generation_diversity, pairwise_ssim, ssim

RANDOM = np.random.default_rng(0)
A, B = RANDOM.random((2, 5, 3, 14, 17))
ROW, COLUMN = np.mgrid[:20, :17]
X, Y = ((3 * ROW + 5 * COLUMN) % 13) / 12, ((7 * ROW + 2 * COLUMN) % 11) / 10


def summed(x, y, L=1.0, side=11):
    """The definition, place by place and pixel by pixel of the window."""
    offset = np.arange(side) - side // 2
    weight = np.exp(-(offset[:, None] ** 2 + offset**2) / (2 * 1.5**2))
    weight /= weight.sum()
    values = []
    for r in range(x.shape[0] - side + 1):
        for c in range(x.shape[1] - side + 1):
            a, b = x[r : r + side, c : c + side], y[r : r + side, c : c + side]
            mean_a, mean_b = (weight * a).sum(), (weight * b).sum()
            var_a, var_b = (weight * (a - mean_a) ** 2).sum(), (weight * (b - mean_b) ** 2).sum()
            both = (weight * (a - mean_a) * (b - mean_b)).sum()
            c1, c2 = (0.01 * L) ** 2, (0.03 * L) ** 2
            brightness = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
            values.append(brightness * (2 * both + c2) / (var_a + var_b + c2))
    return np.mean(values)


class TestSSIM:
    def test_an_image_is_wholly_similar_to_itself(self):
        np.testing.assert_allclose(ssim(A, A), 1)

    @pytest.mark.parametrize(("a", "b"), [(0.2, 0.7), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0)])
    def test_constant_images_differ_in_brightness_alone(self, a, b):
        first, second = np.full((1, 12, 12), a), np.full((1, 12, 12), b)
        assert ssim(first, second) == pytest.approx((2 * a * b + 1e-4) / (a**2 + b**2 + 1e-4))

    def test_it_is_symmetric(self):
        np.testing.assert_allclose(ssim(A, B), ssim(B, A))

    @pytest.mark.parametrize("window", [11, 7, 1])
    def test_it_agrees_with_direct_summation_in_every_channel(self, window):
        expected = [np.mean([summed(a[c], b[c], side=window) for c in range(3)]) for a, b in zip(A, B, strict=True)]
        np.testing.assert_allclose(ssim(A, B, window=window), expected)

    def test_it_has_the_values_of_scikit_image(self):
        # structural_similarity(..., gaussian_weights=True, sigma=1.5, use_sample_covariance=False), 0.26.0
        assert ssim(X[None], Y[None]) == pytest.approx(-0.05625637436382922, abs=1e-12)
        colour = np.stack([X, Y, Y**2]), np.stack([Y, Y / 2 + 0.2, X])
        assert ssim(*colour) == pytest.approx(0.23153336798844018, abs=1e-12)

    def test_pixels_and_their_range_may_be_scaled_together(self):
        np.testing.assert_allclose(ssim(255 * A, 255 * B, data_range=255), ssim(A, B))

    def test_a_negative_is_less_similar_than_noise(self):
        image = RANDOM.random((1, 16, 16))
        assert ssim(image, 1 - image) < ssim(image, RANDOM.random((1, 16, 16))) < 1
        assert ssim(image, 1 - image) < -0.5

    def test_single_precision_and_torch_are_read_and_images_broadcast(self):
        every = ssim(torch.tensor(A[:, None]), torch.tensor(B).float())
        assert every.shape == (5, 5)
        np.testing.assert_allclose(np.diag(every), ssim(A, B), rtol=1e-5)

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: ssim(A[..., :10], B[..., :10]), r"first: expected images .* got \[5, 3, 14, 10\] and window=11"),
            (lambda: ssim(A[0, 0], B[0, 0]), "first: expected images"),
            (lambda: ssim(A, B, window=8), "first: .* odd side; .* window=8"),
            (lambda: ssim(A, B, window=-1), "first: expected images"),
            (lambda: ssim(2 * A - 1, B), r"first: expected pixels in \[0, data_range\] = \[0, 1\]"),
            (lambda: ssim(A, 255 * B), "second: expected pixels in"),
            (lambda: ssim(A, B * np.nan), "second: expected pixels in"),
            (lambda: ssim(A, B[:3]), r"second: expected images of a shape that fits first, \[5, 3, 14, 17\]"),
        ],
    )
    def test_bad_input_is_named_with_a_remedy(self, call, message):
        with pytest.raises(ValueError, match=message) as error:
            call()
        assert "Try one of:\n- " in str(error.value)


class TestDiversity:
    def test_pairs_at_once_are_the_pairs_one_by_one(self):
        every = pairwise_ssim(A)
        np.testing.assert_allclose(every, ssim(A[:, None], A[None]))
        np.testing.assert_array_equal(every, every.T)

    def test_it_is_the_mean_over_pairs_of_different_images(self):
        values = [(1 - ssim(A[m], A[n])) / 2 for m in range(5) for n in range(m)]
        assert generation_diversity(A) == pytest.approx(np.mean(values))

    def test_it_knows_no_order_and_no_grid(self):
        assert generation_diversity(A[[3, 1, 4, 0, 2]]) == pytest.approx(generation_diversity(A))
        assert generation_diversity(A[:4].reshape(2, 2, 3, 14, 17)) == pytest.approx(generation_diversity(A[:4]))

    def test_one_image_again_and_again_has_none_and_noise_nearly_a_half(self):
        assert generation_diversity(np.repeat(A[:1], 4, 0)) == pytest.approx(0, abs=1e-12)
        assert generation_diversity(RANDOM.random((20, 1, 28, 28))) == pytest.approx(0.5, abs=0.02)

    def test_black_and_white_have_half_of_one_minus_the_constant_of_brightness(self):
        images = np.stack([np.zeros((1, 11, 11)), np.ones((1, 11, 11))])
        assert generation_diversity(images) == pytest.approx((1 - 1e-4 / (1 + 1e-4)) / 2)

    @pytest.mark.parametrize(
        ("images", "message"),
        [
            (A[:1], r"images: expected two images or more, .* got \[1, 3, 14, 17\]"),
            (A[0], "images: expected two images"),
            (A[..., :8, :8], "images: expected images .* window=11"),
            (2 * A, "images: expected pixels"),
        ],
    )
    def test_bad_input_is_named_with_a_remedy(self, images, message):
        with pytest.raises(ValueError, match=message) as error:
            generation_diversity(images)
        assert "Try one of:\n- " in str(error.value)
