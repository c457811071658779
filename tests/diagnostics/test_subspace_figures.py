"""The figures of the latent plane and of V-nat show what they were given, each in its place, within the sheet."""

from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgba
from matplotlib.patches import Ellipse

from pellucid.diagnostics.figures.latent_plane import latent_plane
from pellucid.diagnostics.figures.plane import CLASSES
from pellucid.diagnostics.figures.plane_grid import plane_grid
from pellucid.diagnostics.figures.v_nat_bars import v_nat_bars
from pellucid.diagnostics.subspace import Plane, VNat, decode_plane
from tests.sheets import assert_on_the_sheet, assert_the_same_file_twice

RANDOM = np.random.default_rng(0)
CENTRES = np.array([[-4.0, 0.0, 1.0], [4.0, 0.0, 2.0], [0.0, 5.0, 3.0]])
VARIANCE = np.array([[1.0, 4.0, 9.0], [2.25, 1.0, 1.0], [1.0, 1.0, 0.25]])
LABEL = RANDOM.integers(0, 3, 60)
CODE = CENTRES[LABEL] + RANDOM.normal(size=(60, 3))
PLANE = Plane(RANDOM.random((4, 5, 1, 8, 6)), np.linspace(-8, 8, 5), np.linspace(-6, 6, 4), (0, 1))
VALUE = np.array([[0.2, 3.0, 1.5, -0.4], [0.1, 2.0, 0.5, 0.9], [0.3, 2.5, 0.0, 0.0]])
NAMES = ["boot", "bag", "coat"]


def ellipses(figure) -> list[Any]:
    return [patch for patch in figure.axes[0].patches if isinstance(patch, Ellipse)]


def written(figure):
    return [text.get_text() for text in figure.axes[0].texts]


class TestLatentPlane:
    def test_each_code_is_at_its_place_in_the_colour_of_its_class(self):
        figure = latent_plane(CODE, LABEL, CENTRES, dimensions=(2, 0))
        scatter: Any = figure.axes[0].collections[0]
        colours = scatter.get_facecolor()[:, :3]
        points = [(tuple(at), tuple(colour)) for at, colour in zip(scatter.get_offsets(), colours, strict=True)]
        expected = [((z[2], z[0]), to_rgba(CLASSES[k])[:3]) for z, k in zip(CODE, LABEL, strict=True)]
        assert sorted(points) == sorted(expected)

    def test_ellipses_are_one_and_two_standard_deviations_about_the_centres(self):
        figure = latent_plane(CODE, LABEL, CENTRES, VARIANCE, dimensions=(0, 2))
        shown = [(*each.get_center(), each.width, each.height) for each in ellipses(figure)]
        sd = np.sqrt(VARIANCE)
        expected = [
            (CENTRES[k, 0], CENTRES[k, 2], 2 * t * sd[k, 0], 2 * t * sd[k, 2]) for k in range(3) for t in (1, 2)
        ]
        np.testing.assert_allclose(shown, expected)

    def test_one_variance_serves_all_and_none_draws_no_ellipse(self):
        assert [each.width for each in ellipses(latent_plane(CODE, LABEL, CENTRES, 4.0))] == [4, 8] * 3
        assert not ellipses(latent_plane(CODE, LABEL, CENTRES))

    def test_numbers_stand_on_the_centres_or_on_the_inner_ellipses(self):
        for variance, above in ((None, 0.0), (VARIANCE, np.sqrt(VARIANCE[:, 1]))):
            figure = latent_plane(CODE, LABEL, CENTRES, variance)
            assert written(figure) == ["0", "1", "2"]
            places = [text.get_position() for text in figure.axes[0].texts]
            np.testing.assert_allclose(places, CENTRES[:, :2] + np.stack([np.zeros(3), np.broadcast_to(above, 3)], 1))

    def test_by_default_nothing_is_beyond_the_edge_and_with_limits_what_is_beyond_is_counted(self):
        figure = latent_plane(CODE, LABEL, CENTRES, VARIANCE)
        (left, right), (bottom, top) = figure.axes[0].get_xlim(), figure.axes[0].get_ylim()
        assert left < min(CODE[:, 0].min(), -7)
        assert right > max(CODE[:, 0].max(), 8.5)
        assert bottom < min(CODE[:, 1].min(), -6)
        assert top > max(CODE[:, 1].max(), 8)
        assert figure.texts[-1].get_text().startswith("60 codes; ")
        beyond = int((np.abs(CODE[:, :2]) > 3).any(1).sum())
        figure = latent_plane(CODE, LABEL, CENTRES, limits=((-3, 3), (-3, 3)))
        assert figure.texts[-1].get_text() == f"60 codes, {beyond} of them beyond the edge"
        assert figure.axes[0].get_xlim() == (-3, 3)

    def test_the_legend_names_every_class_met_or_not(self):
        figure = latent_plane(CODE[:1], LABEL[:1], CENTRES, classes=NAMES)
        legend = figure.axes[0].get_legend()
        assert legend is not None
        assert [text.get_text() for text in legend.get_texts()] == ["0  boot", "1  bag", "2  coat"]

    def test_more_classes_than_colours_are_told_apart_by_their_marks(self):
        number = 2 * len(CLASSES) + 1
        centres = RANDOM.normal(size=(number, 2))
        figure = latent_plane(centres, np.arange(number), centres)
        scatters: list[Any] = list(figure.axes[0].collections[:3])
        marks = {
            (tuple(colour), len(each.get_paths()[0].vertices)) for each in scatters for colour in each.get_facecolor()
        }
        assert len(marks) == number


class TestPlaneGrid:
    def test_each_image_fills_the_cell_about_its_point(self):
        figure = plane_grid(PLANE)
        picture = figure.axes[0].get_images()[0]
        pixels, (left, right, bottom, top) = np.asarray(picture.get_array()), picture.get_extent()
        assert ((left, right), (bottom, top)) == PLANE.limits
        for v in range(4):
            for w in range(5):
                column = round((PLANE.across[w] - left) / (right - left) * 5 - 0.5)
                row = round((top - PLANE.up[v]) / (top - bottom) * 4 - 0.5)
                shown = pixels[8 * row : 8 * row + 8, 6 * column : 6 * column + 6]
                np.testing.assert_array_equal(shown, PLANE.images[v, w, 0])

    def test_colours_are_kept(self):
        images = RANDOM.random((2, 2, 3, 4, 4))
        figure = plane_grid(Plane(images, np.arange(2.0), np.arange(2.0), (0, 1)))
        shown = np.asarray(figure.axes[0].get_images()[0].get_array())
        np.testing.assert_array_equal(shown[:4, 4:], images[1, 1].transpose(1, 2, 0))

    def test_its_axes_are_those_of_the_codes_with_its_limits(self):
        codes = latent_plane(CODE, LABEL, CENTRES, VARIANCE, limits=PLANE.limits, classes=NAMES)
        images = plane_grid(PLANE, CENTRES, VARIANCE)
        one, other = codes.axes[0], images.axes[0]
        assert one.get_xlim() == other.get_xlim()
        assert one.get_ylim() == other.get_ylim()
        assert codes.get_figwidth() == images.get_figwidth()
        assert one.get_position().x0 == other.get_position().x0
        assert one.get_position().x1 == other.get_position().x1
        tall = [each.axes[0].get_position().height * each.get_figheight() for each in (codes, images)]
        assert tall[0] == pytest.approx(tall[1])
        assert written(codes) == written(images)
        for a, b in zip(ellipses(codes), ellipses(images), strict=True):
            assert (a.get_center(), a.width, a.height) == (b.get_center(), b.width, b.height)

    def test_a_decoded_plane_is_named_by_its_dimensions(self):
        plane = decode_plane(lambda z: z.reshape(-1, 1, 2, 2), torch.zeros(4), (0.0, 1.0), steps=3, dimensions=(3, 1))
        axes = plane_grid(plane).axes[0]
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("z3", "z1")


class TestVNatBars:
    def test_full_bars_reach_the_class_with_the_least_and_pale_ones_that_with_the_most(self):
        bars: list[Any] = list(v_nat_bars(VALUE, NAMES).axes[0].patches)
        np.testing.assert_allclose([bar.get_height() for bar in bars[:4]], VALUE.max(0))
        np.testing.assert_allclose([bar.get_height() for bar in bars[4:]], VALUE.min(0))
        centres = [bar.get_x() + bar.get_width() / 2 for bar in bars[:4]]
        np.testing.assert_allclose(centres, range(4), atol=1e-9)

    def test_activated_dimensions_alone_are_in_colour_and_the_threshold_is_a_line(self):
        for threshold in (1.0, 2.2, 0.25):
            axes = v_nat_bars(VALUE, threshold=threshold).axes[0]
            bars: list[Any] = list(axes.patches[:4])
            grey = [len(set(bar.get_facecolor()[:3])) == 1 for bar in bars]
            assert grey == (threshold >= VALUE).all(0).tolist()
            assert any(np.allclose(line.get_ydata(), threshold) for line in axes.lines)

    def test_the_strip_has_a_line_for_each_class_and_is_empty_where_a_class_was_not_met(self):
        value = np.vstack([VALUE, np.full((1, 4), np.nan)])
        strip = v_nat_bars(value, [*NAMES, "dress"]).axes[1]
        assert [label.get_text() for label in strip.get_yticklabels()] == [*NAMES, "dress"]
        shown = np.ma.asarray(strip.get_images()[0].get_array())
        np.testing.assert_array_equal(shown[:3].data, VALUE > 1)
        assert np.ma.getmaskarray(shown)[3].all()
        assert not np.ma.getmaskarray(shown)[:3].any()

    def test_whiskers_are_one_standard_error_of_the_highest_class(self):
        error = RANDOM.uniform(0.05, 0.2, VALUE.shape)
        figure = v_nat_bars(VNat(VALUE, error, np.array([5, 5, 5])), NAMES)
        container: Any = next(each for each in figure.axes[0].containers if hasattr(each, "has_yerr"))
        spans = [np.ptp(line[:, 1]) / 2 for line in container.lines[2][0].get_segments()]
        np.testing.assert_allclose(spans, error[VALUE.argmax(0), range(4)])
        assert "one standard error" in figure.texts[2].get_text()
        assert "standard error" not in v_nat_bars(VALUE).texts[2].get_text()

    def test_a_single_class_has_whole_bars_and_no_strip(self):
        figure = v_nat_bars(VALUE[0])
        assert len(figure.axes) == 1
        bars: list[Any] = list(figure.axes[0].patches)
        np.testing.assert_allclose([bar.get_height() for bar in bars], VALUE[0])
        assert figure.texts[1].get_text() == "2 of 4 dimensions are activated"

    def test_the_heading_counts_the_union_and_the_classes_with_the_fewest_and_the_most(self):
        told = v_nat_bars(VALUE, NAMES).texts[1].get_text()
        assert told == "2 of 4 dimensions are activated for a class or more; from 1 (bag) to 2 (boot) for one class"


LONG = "a class of a rather long name"
MANY = RANDOM.normal(size=(23, 2)) * 5
WIDE = RANDOM.gamma(1, 1, (10, 256))
FIGURES = {
    "codes": lambda: latent_plane(CODE, LABEL, CENTRES, VARIANCE, classes=["boot", LONG, "coat"]),
    "a single code": lambda: latent_plane(CODE[:1], LABEL[:1] * 0, CENTRES[:1]),
    "many classes": lambda: latent_plane(MANY, np.arange(23), MANY, 1.0, classes=[f"class {k}" for k in range(23)]),
    "centres beyond the edge": lambda: latent_plane(CODE, LABEL, CENTRES, VARIANCE, limits=((-1e-3, 1e-3), (-1, 1))),
    "grid": lambda: plane_grid(PLANE, CENTRES, VARIANCE),
    "grid alone": lambda: plane_grid(PLANE),
    "bars": lambda: v_nat_bars(VALUE, ["boot", LONG, "coat"]),
    "one dimension": lambda: v_nat_bars(VALUE[:, :1]),
    "256 dimensions": lambda: v_nat_bars(VNat(WIDE, WIDE / 9, np.full(10, 9)), [f"class {k}" for k in range(10)]),
    "no class activated": lambda: v_nat_bars(-1e-3 * WIDE[:2, :48]),
}


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_written_beyond_the_edge_of_the_sheet_and_the_file_is_the_same_twice(name):
    assert_on_the_sheet(FIGURES[name]())
    assert_the_same_file_twice(FIGURES[name])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: latent_plane(CODE[:, :2], LABEL, CENTRES), r"code: expected finite codes \[N, 3\].* got \[60, 2\]"),
        (lambda: latent_plane(CODE * np.nan, LABEL, CENTRES), "code: .* 180 values not finite"),
        (lambda: latent_plane(CODE, LABEL + 1, CENTRES), "y: expected labels from 0 to 2, .* from 1 to 3"),
        (lambda: latent_plane(CODE, LABEL[:5], CENTRES), "y: expected one label for each of the 60 rows"),
        (lambda: latent_plane(CODE, LABEL, CENTRES[0]), r"centres: expected shape \[K, D\] .* got \[3\]"),
        (lambda: latent_plane(CODE, LABEL, CENTRES, dimensions=(0, 3)), r"centres: .* dimensions \[0, 3\]"),
        (lambda: latent_plane(CODE, LABEL, CENTRES, np.ones(2)), r"prior_variance: .* got \[2\], 0 of them"),
        (lambda: latent_plane(CODE, LABEL, CENTRES, -1.0), "prior_variance: .* 1 of them not positive"),
        (lambda: latent_plane(CODE, LABEL, CENTRES, classes=["a"]), "classes: expected 3 names.* got 1"),
        (lambda: latent_plane(CODE, LABEL, CENTRES, limits=((1, -1), (0, 1))), "limits: expected .* ascending"),
        (lambda: plane_grid(PLANE, CENTRES[:, :1]), "centres: expected"),
        (lambda: plane_grid(Plane(PLANE.images[:3], PLANE.across, PLANE.up, (0, 1))), "plane: expected 4 rows of 5"),
        (lambda: plane_grid(Plane(PLANE.images[:, :, 0], PLANE.across, PLANE.up, (0, 1))), "plane.images: expected"),
        (lambda: v_nat_bars(VALUE, ["a", "b"]), "v_nat: .* 3 classes of 3 with values, and 2 names"),
        (lambda: v_nat_bars(VALUE * np.nan), "v_nat: .* got 0 classes of 3"),
        (lambda: v_nat_bars(VALUE[None]), "v_nat: expected values of shape"),
    ],
)
def test_bad_input_is_named_with_a_remedy(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "Try one of:\n- " in str(error.value)
