"""Shapes measured from pixels: drawn shapes of known answer, one image at a time, and what must change nothing."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from pellucid.data import Batch, measure_shapes, mnist5k
from pellucid.diagnostics import slant

EVERY = ["thick", "slanted", "wide", "tall", "hole"]


@pytest.fixture(scope="module")
def digits():
    rows = mnist5k(rows=60, validation=10, test=10).train
    assert isinstance(rows, Batch)
    return rows.x


def box(height, width, size=40, at=(7, 5)):
    image = torch.zeros(1, 1, size, size)
    image[..., at[0] : at[0] + height, at[1] : at[1] + width] = 1
    return image


def ring(outer=16, inner=8, **place):
    image = box(outer, outer, **place)
    gap = (outer - inner) // 2
    image[..., 7 + gap : 7 + gap + inner, 5 + gap : 5 + gap + inner] = 0
    return image


def leaning(degrees, size=201, half=4.5):
    """A stroke through the middle, each of its rows moved to the right by so much."""
    up, right = np.mgrid[size // 2 : -size // 2 : -1, -(size // 2) : size // 2 + 1]
    stroke = (abs(right - np.tan(np.radians(degrees)) * up) < half) & (abs(up) < size // 4)
    return torch.tensor(stroke[None, None], dtype=torch.float)


def measured(image, name):
    return float(measure_shapes(image, [name]))


@pytest.mark.parametrize(("height", "width"), [(12, 3), (3, 12), (1, 1), (1, 9), (9, 1), (20, 20)])
def test_a_box_is_as_wide_and_as_tall_as_it_is_drawn_and_upright(height, width):
    shape = measure_shapes(box(height, width), ["wide", "tall", "slanted", "hole"])
    torch.testing.assert_close(shape, torch.tensor([[width, height, 0.0, 0.0]]))


@pytest.mark.parametrize("width", [2, 4, 6, 8])
def test_the_thickness_of_a_long_bar_is_half_its_width(width):
    """Its two ends are rounded off by the distance transform: a long bar has little of them."""
    bar = torch.zeros(1, 1, 12, 2000)
    bar[..., 2 : 2 + width, 10:-10] = 1
    assert measured(bar, "thick") == pytest.approx(width / 2, rel=0.01)
    assert measured(bar.mT, "thick") == pytest.approx(width / 2, rel=0.01)


def test_a_thicker_stroke_of_the_same_figure_is_thicker():
    assert measured(ring(16, 8), "thick") > 1.5 * measured(ring(16, 12), "thick")


@pytest.mark.parametrize("degrees", [-40, -10, 0, 25, 50])
def test_a_sheared_bar_leans_by_its_angle_and_is_no_wider_than_upright(degrees):
    assert measured(leaning(degrees), "slanted") == pytest.approx(degrees, abs=0.5)
    assert measured(leaning(degrees), "wide") == pytest.approx(measured(leaning(0), "wide"), rel=0.05)
    assert measured(leaning(degrees), "tall") == pytest.approx(measured(leaning(0), "tall"), rel=1e-6)


def test_a_ring_has_a_hole_an_eight_two_and_a_bar_none():
    eight = ring()
    eight[..., 22:38, :] = ring()[..., 7:23, :]
    assert [measured(image, "hole") for image in (ring(), eight, box(12, 3))] == [1, 2, 0]


def test_a_hole_is_closed_by_corners_and_open_by_a_missing_pixel():
    diamond = torch.zeros(1, 1, 9, 9)
    for step in range(4):
        for row, column in ((step, 4 + step), (4 + step, 8 - step), (8 - step, 4 - step), (4 - step, step)):
            diamond[0, 0, row, column] = 1
    assert measured(diamond, "hole") == 1
    diamond[0, 0, 0, 4] = 0
    assert measured(diamond, "hole") == 0


@pytest.mark.parametrize(("pixels", "holes"), [(1, 0), (2, 0), (3, 1)])
def test_a_speck_of_paper_is_no_hole(pixels, holes):
    sheet = box(9, 9)
    sheet[0, 0, 11, 8 : 8 + pixels] = 0
    assert measured(sheet, "hole") == holes


def test_paper_in_a_corner_that_ink_cuts_off_is_outside():
    image = torch.zeros(1, 1, 9, 9)
    image[0, 0, range(5), range(4, -1, -1)] = 1
    assert measured(image, "hole") == 0


def test_an_image_without_paper_is_measured_to_its_frame():
    full = torch.ones(2, 1, 6, 6)
    assert measure_shapes(full, ["wide", "tall", "hole"]).tolist() == [[6, 6, 0]] * 2
    assert measured(full[:1], "thick") == pytest.approx(2 * (20 * 1 + 12 * 2 + 4 * 3) / 36 - 1)


def test_an_image_without_ink_measures_nothing_in_everything_and_disturbs_no_other():
    images = torch.cat([ring(), torch.zeros(1, 1, 40, 40), leaning(30)[..., 80:120, 80:120]])
    together = measure_shapes(images, EVERY)
    assert together[1].tolist() == [0] * 5
    assert together.equal(torch.cat([measure_shapes(image[None], EVERY) for image in images]))


def test_digits_measured_together_agree_with_scipy_on_one_at_a_time(digits):
    shapes = measure_shapes(digits, EVERY)
    for image, shape in zip(digits[:, 0].double().numpy(), shapes, strict=True):
        ink = np.pad(image > image.max() / 4, 1)
        thick = 2 * np.asarray(ndimage.distance_transform_edt(ink))[ink].mean() - 1
        patches = np.zeros(ink.shape, dtype=int)
        ndimage.label(~ink, output=patches)
        holes = sum((patches == patch).sum() >= 3 for patch in range(1, patches.max() + 1)) - 1
        assert shape[0] == pytest.approx(thick, abs=1e-5)
        assert shape[4] == holes


def test_slant_is_that_of_the_diagnostics(digits):
    np.testing.assert_allclose(measure_shapes(digits, ["slanted"])[:, 0], slant(digits), atol=1e-4)


def test_the_upright_width_is_that_of_the_digit_sheared_back(digits):
    """The variance of the columns about the line that fits them best, by least squares."""
    for image, shape in zip(digits[:20, 0].double().numpy(), measure_shapes(digits[:20], ["wide"]), strict=True):
        row, column = np.nonzero(image)
        ink = image[row, column]
        line = np.polyfit(row, column, 1, w=np.sqrt(ink))
        rest = column - np.polyval(line, row)
        assert shape[0] == pytest.approx(np.sqrt(12 * np.average(rest**2, weights=ink) + 1), rel=1e-5)


@pytest.mark.parametrize("shade", [0.5, 0.01, 3.0])
def test_a_darker_or_brighter_image_measures_the_same(digits, shade):
    whole = measure_shapes(digits, EVERY)
    torch.testing.assert_close(measure_shapes(shade * digits.double(), EVERY), whole)
    assert measure_shapes(digits.float() / 255, EVERY).allclose(whole, atol=1e-3)


def test_where_the_figure_lies_does_not_matter(digits):
    images = torch.nn.functional.pad(digits, (3, 9, 7, 1))
    torch.testing.assert_close(measure_shapes(images, EVERY), measure_shapes(digits, EVERY), atol=1e-3, rtol=1e-5)


def test_a_figure_on_its_side_has_width_for_height(digits):
    lying = measure_shapes(box(12, 3).mT, ["wide", "tall"])
    assert lying.equal(measure_shapes(box(12, 3), ["tall", "wide"]))


def test_columns_are_in_the_order_asked_for_and_arrays_serve_as_tensors(digits):
    every = measure_shapes(digits, EVERY)
    assert measure_shapes(digits.numpy(), ["hole", "thick"]).equal(every[:, [4, 0]])


def test_images_measured_in_several_parts_are_those_measured_in_one(digits, monkeypatch):
    whole = measure_shapes(digits, EVERY)
    monkeypatch.setattr("pellucid.data.shapes.CHUNK", 7)
    assert measure_shapes(digits, EVERY).equal(whole)


@pytest.mark.parametrize("attributes", [["thick", "bold"], [], ["hole", "hole"], "thick"])
def test_attributes_that_do_not_exist_are_refused_with_those_that_do(attributes):
    with pytest.raises(ValueError, match=r"(?s)attributes: expected .* thick, slanted, wide, tall, hole.*Try one of:"):
        measure_shapes(box(3, 3), attributes)


@pytest.mark.parametrize(
    "images",
    [torch.zeros(2, 3, 8, 8), torch.zeros(2, 8, 8), torch.zeros(0, 1, 8, 8), torch.full((1, 1, 8, 8), torch.nan)],
)
def test_what_is_no_grey_image_is_refused(images):
    with pytest.raises(
        ValueError, match=r"(?s)images: expected finite grey images of shape \[N, 1, H, W\].*Try one of:"
    ):
        measure_shapes(images)
