"""Classifiers by name: logits of any images that fit, from the networks of their names."""

# pyright: reportArgumentType=false

from typing import get_args

import pytest
import torch
from torch import nn

from pellucid import Batch
from pellucid.data import DataSet
from pellucid.networks import ClassifierEncoder, ConvEncoder, MLPEncoder, WideResidualEncoder
from pellucid.networks.deep_classifier import DeepClassifierEncoder
from pellucid.zoo.classifiers import Classifier, named_classifier
from pellucid.zoo.few_labels import require_classes
from tests.zoo_pairs import Tiny, attributed

KINDS = {
    "network": MLPEncoder,
    "small": ConvEncoder,
    "conv": ClassifierEncoder,
    "deep": DeepClassifierEncoder,
    "wide": WideResidualEncoder,
}


def test_every_name_is_tried():
    assert set(get_args(Classifier)) == set(KINDS)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
@pytest.mark.parametrize("kind", KINDS)
def test_a_name_gives_a_linear_layer_on_the_network_of_that_name(kind, shape):
    classifier = named_classifier(kind, shape, 7)
    assert classifier(torch.rand(2, *shape)).shape == (2, 7)
    assert isinstance(classifier, nn.Sequential)
    assert [type(part) for part in classifier] == [KINDS[kind], nn.Linear]


def test_the_network_is_of_the_autoencoders_kind():
    classifier = named_classifier("network", (1, 28, 28), 3, network="conv", channels=(4, 5))
    assert isinstance(classifier.get_submodule("0"), ConvEncoder)
    assert named_classifier("network", (1, 28, 28), 3, hidden=(6, 5)).get_submodule("1").in_features == 5


@pytest.mark.parametrize(("side", "pools"), [(28, 3), (8, 3), (7, 2), (4, 2), (3, 1), (2, 1)])
def test_convolutions_are_as_many_as_the_image_can_be_halved(side, pools):
    classifier = named_classifier("conv", (1, side, side), 3)
    assert sum(isinstance(layer, nn.MaxPool2d) for layer in classifier.modules()) == pools
    assert classifier(torch.rand(2, 1, side, side)).shape == (2, 3)


def test_a_small_one_is_an_autoencoders_encoder_where_there_is_one_and_leaves_nothing_out():
    assert isinstance(named_classifier("small", (1, 28, 28), 3).get_submodule("0"), ConvEncoder)
    small, x = named_classifier("small", (1, 8, 8), 3), torch.rand(4, 1, 8, 8)
    assert torch.equal(small(x), small(x))


def test_a_module_is_handed_back():
    own = nn.Identity()
    assert named_classifier(own, (1, 2, 2), 3) is own


@pytest.mark.parametrize(
    ("kind", "shape", "message"),
    [
        ("large", (1, 8, 8), "^classifier: expected one of 'network'.*given 'large'"),
        ("conv", (1, 1, 8), r"^shape: expected \(C, H, W\)"),
        ("conv", (8,), r"^shape: expected \(C, H, W\)"),
        ("deep", (1, 8, 8), "^shape: expected .* 12 pixels"),
    ],
)
def test_what_fits_no_name_or_no_image_is_refused(kind, shape, message):
    with pytest.raises(ValueError, match=rf"(?s){message}.*Try one of:\n- "):
        named_classifier(kind, shape, 3)


@pytest.mark.parametrize(
    ("labelled", "names"), [([True, True, False, False], "c"), ([False] * 4, "a, b, c"), ([True] * 4, None)]
)
def test_a_class_of_which_no_row_is_labelled_is_named(labelled, names):
    rows = Batch(torch.rand(4, 1, 2, 2), torch.tensor([0, 1, 2, 2]), torch.tensor(labelled))
    data = DataSet("noise", rows, rows, rows, ("a", "b", "c"), "torch.rand")
    if names is None:
        return require_classes(data)
    with pytest.raises(ValueError, match=rf"(?s)^data: no .* labelled as {names}: .*Try one of:\n- labels=30"):
        require_classes(data)


def test_attributes_are_no_classes_and_a_description_has_no_rows_to_count():
    require_classes(Tiny)
    with pytest.raises(ValueError, match=r"(?s)^data: expected classes.*3 attributes were given.*Try one of:\n- "):
        require_classes(attributed(Tiny))
