"""Figures of information show the numbers they were given, in the order they promise, with nothing left out."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgba
from matplotlib.text import Text

from pellucid.diagnostics import Information
from pellucid.diagnostics.figures import accuracy_curve, estimator_scatter, information_stem, kept_grid
from tests.sheets import assert_on_the_sheet, assert_the_same_file_twice

RANDOM = np.random.default_rng(0)
VALUE = np.array([0.01, 2.5, 0.0, 1.0])
ERROR = np.array([0.001, 0.2, 0.0, 0.1])
DRAWN = RANDOM.normal(size=(4, 1, 5, 5))
IMAGES = RANDOM.random((3, 4, 1, 8, 6))
K = [8, 2, 0, 1]


def informed(value: np.ndarray, error: np.ndarray) -> Information:
    return Information(value, error, rows=100, method="exact")


def spectrum(dimensions: int, above: int) -> np.ndarray:
    """Shuffled information of so many dimensions, so many of them informative."""
    value = np.concatenate([np.linspace(3.3, 0.4, above), np.linspace(0.03, 0.0, dimensions - above)])
    return np.random.default_rng(1).permutation(value)


def heads(figure, axes=0):
    """Offsets and sizes of the heads of the stems."""
    drawn = next(each for each in figure.axes[axes].collections if len(each.get_offsets()) > 1)
    return np.asarray(drawn.get_offsets()), np.asarray(drawn.get_sizes()), drawn


def written(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


class TestInformationStem:
    def test_stems_stand_from_the_most_informative_dimension_to_the_least_with_their_numbers_below(self):
        figure = information_stem(torch.tensor(VALUE))
        offsets, _, _ = heads(figure)
        np.testing.assert_array_equal(offsets, [[0, 2.5], [1, 1.0], [2, 0.01], [3, 0.0]])
        assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["1", "3", "0", "2"]
        stems: Any = figure.axes[0].collections[0]
        segments = [np.asarray(line) for line in stems.get_segments()]
        np.testing.assert_array_equal(segments, [[[x, 0], [x, y]] for x, y in offsets])

    def test_whiskers_are_one_standard_error_either_way_and_absent_where_none_is_known(self):
        figure = information_stem(informed(VALUE, ERROR))
        bars: Any = figure.axes[0].containers[0]
        spans = [np.asarray(line)[:, 1] for line in bars.lines[2][0].get_segments()]
        np.testing.assert_allclose(spans, [[2.3, 2.7], [0.9, 1.1], [0.009, 0.011], [0, 0]])
        assert any("one standard error" in text for text in written(figure))
        assert not information_stem(VALUE).axes[0].containers

    def test_heads_are_coloured_by_specificity_on_the_scale_beside_them_and_grey_where_it_is_not_known(self):
        given = np.array([0.5, 0.1, np.nan, 0.42])
        figure = information_stem(VALUE, specificity=given)
        _, _, drawn = heads(figure)
        figure.draw_without_rendering()
        colours = np.asarray(drawn.get_facecolor())
        np.testing.assert_allclose(colours[:3], drawn.get_cmap()([0.1 / 0.5, 0.42 / 0.5, 1.0]), atol=1e-6)
        assert colours[3] == pytest.approx(to_rgba("#bdbdbd"))
        scale = next(axes for axes in figure.axes if axes.get_title())
        assert scale.get_ylim() == (0, 0.5)
        assert "I(y; z) / H(y)" in scale.get_title()
        assert any("grey heads" in text for text in written(figure))

    def test_below_each_column_is_what_its_dimension_draws_and_below_that_its_variance(self):
        figure = information_stem(VALUE, pictures=torch.tensor(DRAWN), variance=np.array([1.0, 1.1, 0.9, 1.2]))
        above, strip, below = figure.axes
        for image, j in zip(strip.get_images(), [1, 3, 0, 2], strict=True):
            np.testing.assert_allclose(np.asarray(image.get_array()), DRAWN[j, 0])
            assert image.get_clim() == pytest.approx((-abs(DRAWN[j]).max(), abs(DRAWN[j]).max()))
        offsets, _, _ = heads(figure, 2)
        np.testing.assert_array_equal(offsets, [[0, 1.1], [1, 1.2], [2, 1.0], [3, 0.9]])
        assert below.get_xlim() == above.get_xlim()
        assert below.get_ylim()[0] == 0  # flat is flat as seen from zero
        centre = [strip.transData.transform((k, 0))[0] for k in range(4)]
        np.testing.assert_allclose(centre, [above.transData.transform((k, 0))[0] for k in range(4)])
        tops = [axes.get_position().y1 for axes in (above, strip, below)]
        assert tops == sorted(tops, reverse=True)

    @pytest.mark.parametrize(("dimensions", "above", "named"), [(8, 5, 8), (60, 18, 18), (128, 3, 12), (512, 90, 24)])
    def test_every_dimension_is_drawn_and_those_without_a_name_are_thin_and_counted(self, dimensions, above, named):
        value = spectrum(dimensions, above)
        figure = information_stem(value)
        offsets, sizes, _ = heads(figure)
        np.testing.assert_array_equal(offsets[:, 1], np.sort(value)[::-1])
        assert (np.diff(offsets[:, 0]) > 0).all()
        assert (sizes == sizes.max()).sum() == len(figure.axes[0].get_xticklabels()) == named
        heading = next(text for text in written(figure) if "dimensions tell" in text)
        assert heading.startswith(f"{above} of {dimensions} dimensions tell more than 0.05 nats")
        assert f"{value[value > 0.05].sum():.1f} nats together" in heading
        if dimensions > named:
            assert f"the other {dimensions - named}, {np.sort(value)[-named - 1]:.2g} nats at most" in heading

    def test_a_code_that_tells_nothing_says_so(self):
        assert "none of 3 dimensions tell more than 0.05 nats" in written(information_stem(np.zeros(3)))
        assert "1 of 1 dimensions tells more than 0.5 nats" in written(information_stem(np.ones(1), threshold=0.5))

    def test_names_given_stand_in_place_of_numbers(self):
        figure = information_stem(VALUE, names=[f"style[{j}]" for j in range(4)])
        assert [label.get_text() for label in figure.axes[0].get_xticklabels()][:2] == ["style[1]", "style[3]"]


class TestKeptGrid:
    def test_each_image_lies_in_the_column_of_its_number_and_the_original_at_the_left(self):
        original = RANDOM.random((3, 1, 8, 6))
        figure = kept_grid(torch.tensor(IMAGES), [9, 4, 1, 0], original, ["boot", "bag", "coat"])
        rows = np.array(figure.axes).reshape(3, 5)
        for n, row in enumerate(rows):
            assert row[0].get_ylabel() == ["boot", "bag", "coat"][n]
            for axes, image in zip(row, [original[n], *IMAGES[n]], strict=True):
                np.testing.assert_array_equal(np.asarray(axes.get_images()[0].get_array()), image[0])
        assert [axes.get_title() for axes in rows[0]] == ["image", "9", "4", "1", "0"]
        lefts = [axes.get_position().x0 for axes in rows[0]]
        assert lefts == sorted(lefts)

    def test_samples_have_no_original(self):
        assert [axes.get_title() for axes in kept_grid(IMAGES, [9, 4, 1, 0]).axes[:4]] == ["9", "4", "1", "0"]


class TestAccuracyCurve:
    def test_lines_are_means_of_repeats_in_the_order_of_k_and_bands_their_range(self):
        top = np.array([[0.9, 0.5, 0.1, 0.3], [0.8, 0.7, 0.1, 0.5]])
        figure = accuracy_curve(K, {"top k": torch.tensor(top), "bottom k": np.array([0.9, 0.1, 0.1, 0.1])})
        lines: dict[Any, Any] = {line.get_label(): line for line in figure.axes[0].get_lines()}
        np.testing.assert_array_equal(lines["top k"].get_xdata(), [0, 1, 2, 8])
        np.testing.assert_allclose(lines["top k"].get_ydata(), [0.1, 0.4, 0.6, 0.85])
        np.testing.assert_allclose(lines["bottom k"].get_ydata(), [0.1, 0.1, 0.1, 0.9])
        (band,) = figure.axes[0].collections
        corners = {(float(x), float(y)) for x, y in np.asarray(band.get_paths()[0].vertices)}
        assert {(1.0, 0.3), (1.0, 0.5), (2.0, 0.5), (2.0, 0.7), (8.0, 0.8), (8.0, 0.9)} <= corners
        assert any("means of up to 2 repeats" in text for text in written(figure))

    def test_reference_figures_are_hollow_marks_and_chance_a_dotted_line(self):
        figure = accuracy_curve(K, {"top k": np.full(4, 0.4)}, {"paper": {64: 0.98, 0: 0.1}}, chance=0.12)
        lines: dict[Any, Any] = {line.get_label(): line for line in figure.axes[0].get_lines()}
        assert dict(zip(*lines["paper"].get_data(), strict=True)) == {64: 0.98, 0: 0.1}
        assert (lines["paper"].get_markerfacecolor(), lines["paper"].get_linestyle()) == ("none", "None")
        assert list(lines["chance"].get_ydata()) == [0.12, 0.12]
        legend = figure.axes[0].get_legend()
        assert legend is not None
        assert {text.get_text() for text in legend.get_texts()} == {"top k", "paper", "chance"}

    def test_nothing_kept_has_its_place_at_the_left_and_doublings_are_evenly_apart(self):
        axes = accuracy_curve([0, 1, 2, 4, 8], {"top k": np.full(5, 0.4)}).axes[0]
        place = axes.transData.transform([[k, 0] for k in (0, 1, 2, 4, 8)])[:, 0]
        assert place[0] > axes.transAxes.transform((0, 0))[0]
        assert np.ptp(np.diff(place)[1:]) < 1e-6
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "1", "2", "4", "8"]

    def test_numbers_too_close_to_read_are_left_out_and_the_ends_are_not(self):
        kept = np.arange(129)
        figure = accuracy_curve(kept, {"top k": np.full(129, 0.4)})
        figure.draw_without_rendering()
        boxes = [tick.get_window_extent() for tick in figure.axes[0].get_xticklabels()]
        assert all(first.x1 < second.x0 for first, second in pairwise(boxes))
        shown = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
        assert (shown[0], shown[-1]) == ("0", "128")


def test_estimates_stand_over_the_exact_value_beside_the_diagonal_and_below_log_n():
    exact, paper = np.array([0.5, 1.0, 2.0]), np.array([0.7, 1.0, 4.8])
    figure = estimator_scatter(exact, {"paper": paper, "matched": exact}, rows=100)
    first, second = figure.axes[0].collections
    np.testing.assert_array_equal(np.asarray(first.get_offsets()), np.stack([exact, paper], 1))
    np.testing.assert_array_equal(np.asarray(second.get_offsets()), np.stack([exact, exact], 1))
    lines: Any = figure.axes[0].get_lines()
    diagonal, ceiling = lines
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    assert list(ceiling.get_ydata()) == [np.log(100)] * 2
    assert figure.axes[0].get_xlim() == figure.axes[0].get_ylim()


FIGURES = {
    "stem of 8": lambda: information_stem(spectrum(8, 5), pictures=np.ones((8, 4, 4)), variance=np.ones(8)),
    "stem of 512": lambda: information_stem(
        informed(spectrum(512, 90), np.full(512, 0.1)), specificity=np.full(512, 0.2), variance=np.ones(512)
    ),
    "stem of 60 long names": lambda: information_stem(
        spectrum(60, 15), names=[f"appearance[{j}]" for j in range(60)], pictures=np.zeros((60, 3, 4, 4))
    ),
    "stem of one": lambda: information_stem(np.zeros(1), specificity=np.array([np.nan])),
    "stem of equals": lambda: information_stem(np.full(40, 7.6), title="A title that is longer than the figure " * 2),
    "kept": lambda: kept_grid(IMAGES, K, IMAGES[:, 0], ["a very long name of a class indeed", "b", "c"]),
    "one kept": lambda: kept_grid(IMAGES[:, :1], [1]),
    "curve": lambda: accuracy_curve(
        [0, 4096], {"top k": RANDOM_FREE, "random k, 5 draws": RANDOM_FREE}, {"paper": {1: 0.2}}, chance=0.1
    ),
    "one point": lambda: accuracy_curve([3], {"top k": np.array([1.0])}),
    "scatter": lambda: estimator_scatter(np.zeros(3), {"paper": np.zeros(3)}, rows=2000),
}  # fmt: skip
RANDOM_FREE = np.array([[0.1, 0.9], [0.2, 1.0]])


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_written_beyond_the_edge_of_the_sheet_and_a_figure_becomes_the_same_file_twice(name):
    assert_on_the_sheet(FIGURES[name]())
    assert_the_same_file_twice(FIGURES[name])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: information_stem(np.zeros((3, 4))), r"information: expected one finite .* got shape \[3, 4\]"),
        (lambda: information_stem(np.array([])), r"information: .* got shape \[0\]"),
        (lambda: information_stem(np.array([1.0, np.nan])), r"information: .* 1 of them not finite"),
        (lambda: information_stem(VALUE, variance=np.ones(3)), r"variance: expected shape \[D\] with D = 4"),
        (lambda: information_stem(VALUE, pictures=DRAWN[:3]), r"pictures: expected shape \[D, H, W\].* got \[3, 1, 5"),
        (lambda: information_stem(VALUE, pictures=DRAWN[:, 0, 0]), r"pictures: .* got \[4, 5\]"),
        (lambda: information_stem(VALUE, names=["a"]), r"names: expected shape \[D\] with D = 4"),
        (lambda: information_stem(VALUE, specificity=np.full(4, 1.5)), r"specificity: expected shares in \[0, 1\]"),
        (lambda: kept_grid(IMAGES, [1, 0]), r"images: expected \(3, 2\) .* got \(3, 4\)"),
        (lambda: kept_grid(IMAGES[0], [1, 0]), r"images: expected .* got \(4,\)"),
        (lambda: kept_grid(IMAGES, K, IMAGES[:2, 0]), r"original: expected \(3, 8, 6, 1\)"),
        (lambda: kept_grid(IMAGES, K, row_labels=["a"]), r"row_labels: expected 3"),
        (lambda: accuracy_curve([1, 1], {"a": np.zeros(2)}), r"k: expected different numbers"),
        (lambda: accuracy_curve([-1, 1], {"a": np.zeros(2)}), r"k: .* got \[-1, 1\]"),
        (lambda: accuracy_curve(K, {}), r"curves: expected at least one"),
        (lambda: accuracy_curve(K, {"a": np.zeros(3)}), r"curves: .* got \{'a': \[1, 3\]\}"),
        (lambda: accuracy_curve(K, {"a": np.full(4, 98.0)}), r"curves\['a'\]: expected accuracies in \[0, 1\]"),
        (lambda: accuracy_curve(K, {"a": np.full(4, np.nan)}), r"curves\['a'\]: expected accuracies"),
        (lambda: accuracy_curve(K, {"a": np.zeros(4)}, {"paper": {3: 35.7}}), r"reference\['paper'\]: expected"),
        (lambda: accuracy_curve(K, {"a": np.zeros(4)}, chance=10.0), r"chance: expected accuracies"),
        (lambda: estimator_scatter(VALUE, {}), r"exact: .* 0 estimates"),
        (lambda: estimator_scatter(VALUE, {"paper": VALUE[:2]}), r"estimates\['paper'\]: .* got \[2\]"),
        (lambda: estimator_scatter(VALUE, {"paper": VALUE / 0}), r"estimates\['paper'\]: .* not finite"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # 1 / 0 is the bad input
def test_bad_input_is_named_with_a_remedy(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "Try one of:\n- " in str(error.value)
