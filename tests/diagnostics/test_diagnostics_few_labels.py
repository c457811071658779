"""Few labels: accuracy at its extremes, against scikit-learn's own pipeline, and the test rows looked at once."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pellucid.diagnostics import few_label_accuracy


def blobs(rows: int, seed: int, apart: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = np.arange(rows) % 3
    return random.normal(size=(rows, 4)) + apart * np.eye(3, 4)[y], y


def test_features_that_are_the_label_are_classified_without_error():
    y = torch.arange(60) % 5
    rows = torch.nn.functional.one_hot(y, 5), y
    result = few_label_accuracy(rows, rows, rows)
    assert (result.accuracy, result.validation, result.error, result.labels) == (1.0, 1.0, 0.0, 60)
    assert result.majority == pytest.approx(0.2)


def test_features_of_noise_are_classified_no_better_than_by_chance():
    result = few_label_accuracy(blobs(300, 0, apart=0), blobs(300, 1, apart=0), blobs(3000, 2, apart=0))
    assert abs(result.accuracy - 1 / 3) < 4 * result.error
    assert result.error == pytest.approx(np.sqrt(2 / 9 / 3000), rel=0.05)


def test_the_accuracy_is_that_of_a_scaled_logistic_regression_with_the_strength_of_the_best_validation_accuracy():
    labelled, validation, test = blobs(60, 0), blobs(200, 1), blobs(500, 2)
    result = few_label_accuracy(labelled, validation, test, steps=1000)
    models = {
        C: make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=1000)).fit(*labelled)
        for C in (0.01, 0.1, 1.0, 10.0)
    }
    score = {C: model.score(*validation) for C, model in models.items()}
    assert result.validation == pytest.approx(max(score.values()), abs=0.011)  # two rows
    assert result.accuracy == pytest.approx(models[result.strength].score(*test), abs=0.01)


def test_units_and_offsets_of_features_do_not_matter():
    scaled = [(x * np.array([1, 7, 100, 3]) + 50, y) for x, y in (blobs(90, s) for s in range(3))]
    plain = [blobs(90, s) for s in range(3)]
    assert few_label_accuracy(*scaled).accuracy == pytest.approx(few_label_accuracy(*plain).accuracy, abs=0.02)


def test_a_feature_that_moves_less_than_the_floor_is_not_magnified():
    y = np.arange(200) % 2
    noise = np.random.default_rng(0).normal(size=200)
    rows = np.stack([0.3 + 1e-5 * y, noise], 1), y
    assert few_label_accuracy(rows, rows, rows).accuracy < 0.7
    assert few_label_accuracy(rows, rows, rows, floor=1e-9).accuracy == 1.0


def test_the_labels_of_test_rows_choose_nothing():
    labelled, validation, (x, y) = blobs(60, 0), blobs(100, 1), blobs(100, 2)
    honest, other = (few_label_accuracy(labelled, validation, (x, each)) for each in (y, (y + 1) % 3))
    assert (honest.strength, honest.validation) == (other.strength, other.validation)
    assert honest.accuracy > 0.5 > other.accuracy


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"labelled": (np.ones((4, 2)), np.zeros(4))},
            r"labelled: .* at least two classes; got 4 of one",
        ),
        ({"validation": (np.ones((4, 3)), np.zeros(4))}, r"validation: expected features \[N, 2\]"),
        ({"test": (np.ones((4, 2)), np.zeros(3))}, r"test: .* got \[4, 2\] and \[3\]"),
        ({"test": (np.full((4, 2), np.nan), np.zeros(4))}, r"test: expected finite .* 8 features that are not finite"),
        ({"validation": (np.ones((4, 2)), np.full(4, 0.5))}, r"validation: .* whole numbers as labels"),
        ({"validation": (np.ones((4, 2)), np.full(4, np.nan))}, r"validation: .* whole numbers as labels"),
        ({"labelled": (np.ones((0, 2)), np.zeros(0))}, r"labelled: .* none of them empty"),
    ],
)
def test_bad_input_is_named_with_a_remedy(change, message):
    rows = (np.random.default_rng(0).normal(size=(4, 2)), np.array([0, 1, 0, 1]))
    with pytest.raises(ValueError, match=message) as error:
        few_label_accuracy(**({"labelled": rows, "validation": rows, "test": rows} | change))
    assert "Try one of:\n- " in str(error.value)
