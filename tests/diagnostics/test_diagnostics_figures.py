"""Figures show the numbers they were given, in the order they promise, on one scale, within the sheet."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from pellucid import diagnostics
from pellucid.diagnostics import dimension_roles
from pellucid.diagnostics.figures import (
    gate_heatmap,
    reconstruction_grid,
    sample_grid,
    sharing_matrix,
    training_curves,
    traversal_grid,
)
from tests.sheets import assert_on_the_sheet, assert_the_same_file_twice

CLASSES = ["Sandal", "Sneaker", "Ankle boot", "Bag"]
MEAN = np.array(
    [
        [0.0, 0.9, 0.8, 0.7, 0.1, 0.0],
        [0.0, 0.9, 0.0, 0.6, 0.1, 0.0],
        [0.9, 0.8, 0.0, 0.0, 0.1, 0.0],
        [0.0, 0.9, 0.0, 0.0, 0.0, 0.0],
    ]
)  # z0 specific to Ankle boot, z1 global, z2 specific to Sandal, z3 shared, z4 and z5 unused
IMAGES = np.random.default_rng(0).random((3, 5, 1, 8, 6))
EPOCHS = np.arange(1, 9)


def pictures(figure):
    """The arrays drawn, in the order of the axes."""
    return [np.asarray(image.get_array()) for axes in figure.axes for image in axes.get_images()]


def words(figure):
    """Everything written, where it is written."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return {text: text.get_window_extent(canvas.get_renderer()) for text in figure.findobj(Text) if text.get_text()}


def heading(figure, title):
    return next(axes for axes in figure.axes if axes.get_title(loc="left") == title)


class TestGateHeatmap:
    def test_columns_are_the_means_in_the_order_of_reading_with_their_own_numbers_below(self):
        axes = heading(gate_heatmap({"one": MEAN}, CLASSES), "one")
        np.testing.assert_array_equal(np.asarray(axes.get_images()[0].get_array()), MEAN[:, [1, 3, 2, 0]])
        assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "3", "2", "0"]
        assert [label.get_text() for label in axes.get_yticklabels()] == CLASSES

    def test_bands_name_the_roles_from_left_to_right_and_unused_dimensions_are_counted(self):
        figure = gate_heatmap({"one": MEAN}, CLASSES)
        written = sorted((box.x0, text.get_text()) for text, box in words(figure).items())
        bands = [text for _, text in written if text in ("global 1", "shared 1", "specific 2")]
        assert bands[-1] == "specific 2"
        assert any("4 of 6 dimensions shown; 2 unused" in text for _, text in written)

    def test_all_panels_have_one_colour_scale_and_columns_of_one_width(self):
        figure = gate_heatmap({"low": MEAN / 3, "high": MEAN}, CLASSES)
        low, high = heading(figure, "low"), heading(figure, "high")
        assert low.get_images()[0].get_clim() == high.get_images()[0].get_clim() == (0, 1)
        figure = gate_heatmap({"narrow": MEAN[:, :3], "wide": MEAN}, CLASSES)
        narrow, wide = (heading(figure, name).get_position().width for name in ("narrow", "wide"))
        assert narrow / 3 == pytest.approx(wide / 4)

    def test_roles_given_overrule_those_of_the_gates(self):
        roles = dimension_roles(MEAN, used=np.array([False, True, False, False, True, False]))
        axes = heading(gate_heatmap({"one": MEAN}, CLASSES, {"one": roles}), "one")
        assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "4"]

    @pytest.mark.parametrize("channels", [(), (3,)])
    def test_below_each_column_is_what_its_dimension_draws_on_a_scale_about_zero(self, channels):
        drawn = np.random.default_rng(0).normal(size=(6, *channels, 5, 5))
        figure = gate_heatmap({"one": MEAN}, CLASSES, drawn={"one": torch.tensor(drawn)})
        images = next(axes for axes in figure.axes if len(axes.get_images()) == 4).get_images()
        for image, j in zip(images, [1, 3, 2, 0], strict=True):
            expected = drawn[j].mean(0) if channels else drawn[j]
            np.testing.assert_allclose(np.asarray(image.get_array()), expected)
            assert image.get_clim() == pytest.approx((-abs(expected).max(), abs(expected).max()))

    def test_a_model_that_uses_no_dimension_still_has_its_panel(self):
        assert any(
            "0 of 6 dimensions shown" in text.get_text() for text in words(gate_heatmap({"one": 0 * MEAN}, CLASSES))
        )


def test_sharing_matrix_writes_the_numbers_it_colours_and_a_dash_for_what_is_unknown():
    matrix = np.array([[1.0, 0.256], [np.nan, 0.0]])
    figure = sharing_matrix(matrix, ["boot", "bag"], "Shared")
    np.testing.assert_array_equal(pictures(figure)[0], matrix)
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", ".26", "–", "0"]


def test_a_change_of_sharing_has_signs_and_a_scale_about_zero():
    figure = sharing_matrix(np.array([[0.0, -0.4], [0.35, 1.0]]), ["boot", "bag"], "Change", change=True)
    assert [text.get_text() for text in figure.axes[0].texts] == ["0", "-.40", "+.35", "+1"]
    assert figure.axes[0].get_images()[0].get_clim() == (-1, 1)


def test_traversal_grid_shows_every_image_in_its_place_and_measured_rows_on_one_axis():
    ink = IMAGES.sum((-3, -2, -1))
    figure = traversal_grid(IMAGES, ["z0", "z1", "z2"], [-2, -1, 0, 1, 2], {"ink (pixels)": ink})
    shown = pictures(figure)
    for k in range(3):
        for v in range(5):
            np.testing.assert_array_equal(shown[5 * k + v], IMAGES[k, v, 0])
    curves = [axes for axes in figure.axes if axes.get_lines()]
    for axes, expected in zip(curves, ink, strict=True):
        np.testing.assert_array_equal(axes.get_lines()[0].get_ydata(), expected)
    assert len({axes.get_ylim() for axes in curves}) == 1
    assert [axes.get_title() for axes in figure.axes[:5]] == ["−2", "−1", "0", "+1", "+2"]


def test_a_quantity_that_is_nowhere_known_leaves_its_axes_empty():
    figure = traversal_grid(IMAGES, ["z0", "z1", "z2"], list("abcde"), {"slant (degrees)": np.full((3, 5), np.nan)})
    assert len(words(figure)) > 0


def test_training_curves_put_series_of_one_name_into_one_panel_with_units():
    history = {
        "bound/train": (EPOCHS, EPOCHS * -2.0),
        "bound/validation": (EPOCHS, np.where(EPOCHS == 3, np.inf, EPOCHS * -3.0)),
        "sharpness": (torch.tensor(EPOCHS), torch.tensor(EPOCHS)),
    }
    figure = training_curves(history, units={"bound": "nats per row"})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["bound", "sharpness"]
    assert [axes.get_ylabel() for axes in figure.axes] == ["nats per row", ""]
    lines = figure.axes[0].get_lines()
    np.testing.assert_array_equal(np.asarray(lines[0].get_ydata()), EPOCHS * -2.0)
    assert np.isnan(np.asarray(lines[1].get_ydata())).tolist() == (EPOCHS == 3).tolist()
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["train", "validation"]
    assert figure.axes[1].get_legend() is None


def test_reconstructions_lie_below_their_images_in_colour_or_grey():
    original = np.random.default_rng(0).random((4, 3, 6, 6))
    figure = reconstruction_grid(original, original / 2, CLASSES, columns=3)
    upper, lower = figure.axes[4], figure.axes[5]
    np.testing.assert_allclose(np.asarray(upper.get_images()[0].get_array()), original[2].transpose(1, 2, 0))
    np.testing.assert_allclose(np.asarray(lower.get_images()[0].get_array()), original[2].transpose(1, 2, 0) / 2)
    assert upper.get_title() == "Ankle boot"
    assert lower.get_position().y1 < upper.get_position().y0
    assert upper.get_position().x0 == lower.get_position().x0


def test_pixels_beyond_the_range_are_clipped():
    shown = pictures(sample_grid(np.array([-1.0, 0.5, 2.0]).reshape(1, 1, 1, 3)))
    assert shown[0].tolist() == [[0.0, 0.5, 1.0]]


LONG = ["a very long name of a class indeed", "b"]
FIGURES = {
    "heatmap": lambda: gate_heatmap({"λ = 0": MEAN, "λ = 10": MEAN}, CLASSES, drawn={"λ = 10": np.ones((6, 4, 4))}),
    "heatmap with long names": lambda: gate_heatmap({"only": MEAN[:2]}, LONG),
    "heatmap of 300 dimensions": lambda: gate_heatmap({"many": np.tile(MEAN, 50)}, CLASSES),
    "heatmap of few dimensions": lambda: gate_heatmap({"few": MEAN[:, :2]}, CLASSES),
    "sharing": lambda: sharing_matrix(np.eye(2), LONG, "A title that is longer than the matrix of two classes is wide"),
    "sharing of many classes": lambda: sharing_matrix(np.eye(40), [f"attribute {i}" for i in range(40)], "Attributes"),
    "traversal": lambda: traversal_grid(IMAGES[:2], LONG, [-2, -1, 0, 1, 2], {"ink (pixels)": np.zeros((2, 5))}),
    "curves": lambda: training_curves({name: (EPOCHS, 1e5 * EPOCHS) for name in ("a/train", "b", "c", "d")}),
    "one epoch": lambda: training_curves({"bound": (EPOCHS[:1], EPOCHS[:1])}),
    "reconstructions": lambda: reconstruction_grid(IMAGES[0], IMAGES[1]),
    "one sample": lambda: sample_grid(IMAGES[0, :1], "Samples from the prior"),
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_written_beyond_the_edge_of_the_sheet(name):
    assert_on_the_sheet(FIGURES[name]())


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_becomes_the_same_file_twice(name):
    assert_the_same_file_twice(FIGURES[name])


def test_figures_are_no_part_of_pyplot_and_the_package_imports_neither_matplotlib_nor_arviz(tmp_path):
    code = """
import numpy
import pellucid.diagnostics as diagnostics
assert not {"matplotlib", "arviz", "xarray", "sklearn"} & set(sys.modules), sorted(sys.modules)
diagnostics.figures.sample_grid(numpy.zeros((1, 1, 4, 4))).savefig(sys.argv[2])
assert "matplotlib.pyplot" not in sys.modules
"""
    # under an empty package of that name, for the library's other rooms may need what this one does not
    empty = "import sys, types; sys.modules['pellucid'] = root = types.ModuleType('_'); root.__path__ = [sys.argv[1]]"
    root = Path(str(diagnostics.__file__)).parents[1]
    command = [sys.executable, "-c", empty + code, str(root), str(tmp_path / "figure.png")]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gate_heatmap({}, CLASSES), r"panels: expected at least one"),
        (lambda: gate_heatmap({"one": MEAN.T}, CLASSES), r"panels: .* each of the 4 classes; got \{'one': \[6, 4\]\}"),
        (lambda: gate_heatmap({"one": MEAN}, CLASSES, drawn={"one": np.zeros((5, 2, 2))}), r"got 6 roles, 5 pictures"),
        (lambda: sharing_matrix(np.eye(3), ["a", "b"], "t"), r"matrix: expected shape \[2, 2\].* got \[3, 3\]"),
        (lambda: traversal_grid(IMAGES, ["z0"], [1, 2, 3, 4, 5]), r"images: expected 1 rows x 5 values"),
        (lambda: traversal_grid(IMAGES, list("abc"), list("abcde"), {"ink": np.zeros(3)}), r"measured\['ink'\]"),
        (lambda: training_curves({}), r"history: expected at least one series"),
        (
            lambda: training_curves({"a": (EPOCHS, EPOCHS[1:])}),
            r"history\['a'\]: .* of one length; got \[8\] and \[7\]",
        ),
        (lambda: reconstruction_grid(IMAGES[0], IMAGES[0, :2]), r"reconstruction: expected images of the shape"),
        (lambda: reconstruction_grid(IMAGES[0], IMAGES[0], ["a"]), r"got .* and 1 labels"),
        (lambda: sample_grid(np.zeros((3, 784))), r"images: expected images of shape"),
        (lambda: sample_grid(np.zeros((3, 28, 28, 4))), r"images: .* one or three channels"),
    ],
)
def test_bad_input_is_named_with_a_remedy(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "Try one of:\n- " in str(error.value)
