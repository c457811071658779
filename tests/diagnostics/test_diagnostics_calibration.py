"""Calibration error against scikit-learn's bins and simulated labels, at its extremes, and on bad input."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.calibration import calibration_curve

from pellucid.diagnostics import calibration_error
from pellucid.diagnostics.figures import reliability
from tests.sheets import assert_on_the_sheet, assert_the_same_file_twice

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(0, 1.5, (400, 4))
P = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
Y: Any = RANDOM.integers(0, 4, 400)


def test_bins_are_those_of_scikit_learn_and_the_error_is_their_mean_distance():
    found = calibration_error(P, Y, bins=10)
    right, sure = calibration_curve(P.argmax(1) == Y, P.max(1), n_bins=10)
    met = found.rows > 0
    assert found.accuracy[met] == pytest.approx(right)
    assert found.confidence[met] == pytest.approx(sure)
    assert found.rows.sum() == 400
    assert found.error == pytest.approx((found.rows[met] * np.abs(right - sure)).sum() / 400)


def test_chance_is_the_mean_error_of_labels_drawn_from_the_probabilities():
    p = P[:60]
    draws = (RANDOM.random((1500, 60, 1)) > p.cumsum(1)).sum(-1)
    errors = np.array([calibration_error(p, y).error for y in draws.clip(max=3)])
    assert abs(errors.mean() - calibration_error(p, Y[:60]).chance) < 4 * errors.std() / 1500**0.5


def test_a_binary_probability_is_that_of_the_label_one():
    p, y = torch.rand(50, generator=torch.Generator().manual_seed(0)), torch.arange(50) % 2
    one, two = calibration_error(p, y), calibration_error(torch.stack([1 - p, p], 1), y)
    assert one.error == pytest.approx(two.error)
    assert one.rows.tolist() == two.rows.tolist()


def test_certainty_is_without_error_when_right_and_all_error_when_wrong():
    y = np.arange(10) % 2
    found = calibration_error(y.astype(float), y)
    assert (found.error, found.chance, found.rows[-1]) == (0, 0, 10)
    assert calibration_error(1.0 - y, y).error == 1


def test_to_say_how_frequent_the_classes_are_is_calibrated():
    assert calibration_error(np.full(8, 0.75), np.array([1, 1, 1, 0] * 2)).error == pytest.approx(0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: calibration_error(LOGITS, Y), "probability: expected rows of probabilities"),
        (lambda: calibration_error(P[:0], Y[:0]), "probability: expected"),
        (lambda: calibration_error(P * np.nan, Y), "probability: expected"),
        (lambda: calibration_error(P / 2, Y), "probability: expected"),
        (lambda: calibration_error(P, Y, bins=0), "0 bins"),
        (lambda: calibration_error(P, Y[:5]), "y: expected one label for each of the 400 rows"),
        (lambda: calibration_error(P, Y + 1), "y: expected classes from 0 to 3"),
        (lambda: reliability({}), "panels: expected at least one label"),
    ],
)
def test_bad_input_is_named_with_a_remedy(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "Try one of:\n- " in str(error.value)


def test_a_panel_shows_the_bins_that_have_rows_and_says_the_error():
    found = calibration_error(P, Y)
    upper, lower = reliability({"digit": found}).axes
    points = np.asarray(upper.collections[-1].get_offsets())
    met = found.rows > 0
    np.testing.assert_allclose(points, np.stack([found.confidence, found.accuracy], 1)[met])
    bars: Any = lower.patches
    assert [bar.get_height() for bar in bars] == pytest.approx((found.rows[met] / 400).tolist())
    assert upper.get_title(loc="left") == "digit"
    assert any(text.get_text().startswith(f"error {100 * found.error:.1f} %") for text in upper.texts)


def test_guesses_of_two_classes_are_drawn_from_one_half_on():
    binary, several = calibration_error(P[:, 0], Y == 0), calibration_error(P, Y)
    assert reliability({"hat": binary}).axes[0].get_xlim()[0] == pytest.approx(0.5, abs=0.03)
    assert reliability({"hat": binary, "digit": several}).axes[0].get_xlim()[0] < 0


LONG = "a very long name"
FIGURES = {
    "one": lambda: reliability({"y": calibration_error(P, Y)}),
    "many": lambda: reliability({f"{LONG} {k}": calibration_error(P[:, k % 4], k % 4 == Y) for k in range(7)}),
    "one row": lambda: reliability({"y": calibration_error(P[:1], Y[:1])}),
    "certain": lambda: reliability({"y": calibration_error(np.ones(5), np.ones(5, dtype=int))}),
}


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_written_beyond_the_edge_of_the_sheet_and_the_file_is_the_same_twice(name):
    assert_on_the_sheet(FIGURES[name]())
    assert_the_same_file_twice(FIGURES[name])
