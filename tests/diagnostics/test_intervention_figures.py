"""The figures of interventions show the images they were given, each in its place, on one scale, within the sheet."""

import numpy as np
import pytest

from pellucid.diagnostics.figures import swap_grid, two_label_grid, variance_grid
from tests.sheets import assert_on_the_sheet, assert_the_same_file_twice

RANDOM = np.random.default_rng(0)
A, B, HAT, EYES = RANDOM.random((4, 5, 1, 8, 6))
GRID = RANDOM.random((2, 3, 1, 8, 6))


def pictures(figure):
    """The arrays drawn, in the order of the axes."""
    return [np.asarray(axes.get_images()[0].get_array()) for axes in figure.axes if axes.get_images()]


def test_swaps_are_below_the_two_images_that_they_are_made_of():
    figure = swap_grid(A, B, {"hat": HAT, "eyes": EYES})
    shown = pictures(figure)
    for strip, images in enumerate((A, B, HAT, EYES)):
        for n in range(5):
            np.testing.assert_array_equal(shown[5 * strip + n], images[n, 0])
            place = figure.axes[5 * strip + n].get_position()
            assert place.x0 == figure.axes[n].get_position().x0
            assert strip == 0 or place.y1 < figure.axes[5 * (strip - 1) + n].get_position().y0
    assert [axes.get_ylabel() for axes in figure.axes[::5]] == ["A", "B", "A with B's hat", "A with B's eyes"]


def test_a_swap_in_colour_keeps_its_colours():
    colour = RANDOM.random((2, 3, 4, 4))
    shown = pictures(swap_grid(colour, colour, {"all": colour}))
    np.testing.assert_array_equal(shown[-1], colour[1].transpose(1, 2, 0))


def test_spreads_are_roots_of_the_variances_on_one_scale_with_a_bar():
    figure = variance_grid(A, {"hat": HAT**2, "eyes": 4 * EYES**2})
    tiles = [axes for axes in figure.axes if axes.get_images()]
    for n in range(5):
        np.testing.assert_allclose(np.asarray(tiles[5 + n].get_images()[0].get_array()), HAT[n, 0])
        np.testing.assert_allclose(np.asarray(tiles[10 + n].get_images()[0].get_array()), 2 * EYES[n, 0])
    for tile in tiles[5:15]:
        assert tile.get_images()[0].get_clim() == pytest.approx((0, max(HAT.max(), 2 * EYES.max())))
    assert [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()] == ["image", "hat", "eyes", "sd of a pixel"]


def test_variances_of_channels_are_averaged_and_none_at_all_still_has_a_scale():
    colour = RANDOM.random((2, 3, 4, 4))
    shown = pictures(variance_grid(colour, {"all": colour}))
    np.testing.assert_allclose(shown[2], np.sqrt(colour[0].mean(0)))
    dark = variance_grid(A, {"none": 0 * A})
    assert dark.axes[5].get_images()[0].get_clim() == (0, 1)


def test_two_labels_have_the_first_downward_and_the_second_across():
    figure = two_label_grid(GRID, [-2, 1.5], ["no", "half", "yes"], ("hat", "smile"))
    for v in range(2):
        for w in range(3):
            np.testing.assert_array_equal(pictures(figure)[3 * v + w], GRID[v, w, 0])
    assert [axes.get_title() for axes in figure.axes[:3]] == ["no", "half", "yes"]
    assert [axes.get_ylabel() for axes in figure.axes[::3]] == ["−2", "+1.5"]
    assert [text.get_text() for text in figure.texts[1:]] == ["smile →", "← hat"]


LONG = "a very long name of an attribute"
FIGURES = {
    "swap": lambda: swap_grid(A, B, {"hat": HAT, LONG: EYES}),
    "one swap": lambda: swap_grid(A[:1], B[:1], {"hat": HAT[:1]}),
    "variance": lambda: variance_grid(A, {"hat": HAT, LONG: 1e4 * EYES}),
    "one variance": lambda: variance_grid(A[:1], {"hat": 1e-6 * HAT[:1]}),
    "two labels": lambda: two_label_grid(GRID, [LONG, "b"], [-2.25, 0, 2.25], ("hat", "smile")),
    "one image": lambda: two_label_grid(GRID[:1, :1], [0], [0], ("hat", "smile")),
}


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_written_beyond_the_edge_of_the_sheet_and_the_file_is_the_same_twice(name):
    assert_on_the_sheet(FIGURES[name]())
    assert_the_same_file_twice(FIGURES[name])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: swap_grid(A, B, {}), "swapped: expected images of one shape .* at least one exchange"),
        (lambda: swap_grid(A, B[:2], {"hat": HAT}), r"swapped: expected .*'B': \[2, 8, 6, 1\]"),
        (lambda: swap_grid(A, B, {"hat": HAT[..., :3]}), "swapped: expected"),
        (lambda: swap_grid(A, B, {"hat": HAT.reshape(5, 48)}), r"swapped\['hat'\]: expected images of shape"),
        (lambda: variance_grid(A, {}), "variance: expected at least one block"),
        (lambda: variance_grid(A, {"hat": HAT[:2]}), r"variance: .* got \{'hat': \[2, 1, 8, 6\]\}"),
        (lambda: variance_grid(A, {"hat": -HAT}), "variance: expected"),
        (lambda: variance_grid(A, {"hat": HAT * np.nan}), "variance: expected"),
        (lambda: two_label_grid(GRID, [1, 2, 3], [1, 2], ("a", "b")), r"images: expected 3 rows x 2 columns"),
        (lambda: two_label_grid(A, [1, 2], [1], ("a", "b")), r"images: expected .* got \[5\]"),
    ],
)
def test_bad_input_is_named_with_a_remedy(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "Try one of:\n- " in str(error.value)
