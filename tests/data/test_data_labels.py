from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.data import label_mask

CLASSES = torch.arange(1000) % 10
ATTRIBUTES = (torch.rand(400, 6, generator=torch.Generator().manual_seed(0)) < 0.3).long()


@settings(deadline=None, max_examples=60)
@given(st.integers(10, 1000), st.integers(0, 5))
def test_classes_are_as_equal_as_integers_allow(count, seed):
    sizes = CLASSES[label_mask(CLASSES, count, seed, 10)].bincount(minlength=10)
    assert sizes.sum() == count
    assert sizes.max() - sizes.min() == (1 if count % 10 else 0)
    assert sizes.min() >= 1


@pytest.mark.parametrize("y", [CLASSES, ATTRIBUTES], ids=["classes", "attributes"])
def test_masks_of_one_seed_are_nested(y):
    masks = [label_mask(y, count, 7, 10) for count in (20, 37, 100, 0.3, 390, None)]
    assert all((small <= large).all() for small, large in pairwise(masks))


@pytest.mark.parametrize("y", [CLASSES, ATTRIBUTES], ids=["classes", "attributes"])
def test_draw_follows_the_seed_and_not_the_global_generator(y):
    one = label_mask(y, 50, 0, 10)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    assert label_mask(y, 50, 0, 10).equal(one)
    assert torch.get_rng_state().equal(state)
    assert not label_mask(y, 50, 1, 10).equal(one)


def test_every_row_of_a_class_is_equally_likely_to_be_labelled():
    y = torch.arange(20) % 2
    times = torch.stack([label_mask(y, 6, seed, 2) for seed in range(2000)]).float().sum(0)
    assert ((times - 600).abs() < 4.5 * (2000 * 0.3 * 0.7) ** 0.5).all()


def test_the_class_that_gives_one_more_depends_on_the_seed():
    y = torch.arange(30) % 3
    largest = {int(y[label_mask(y, 4, seed, 3)].bincount().argmax()) for seed in range(30)}
    assert largest == {0, 1, 2}


@settings(deadline=None, max_examples=40)
@given(st.integers(12, 400), st.integers(0, 30))
def test_every_attribute_shows_both_values_among_labelled_rows(count, seed):
    mask = label_mask(ATTRIBUTES, count, seed, 6)
    assert mask.sum() == count
    assert ATTRIBUTES[mask].amin(0).tolist() == [0] * 6
    assert ATTRIBUTES[mask].amax(0).tolist() == [1] * 6


def test_rare_attribute_is_labelled_even_at_the_smallest_count():
    y = torch.zeros(1000, 2, dtype=torch.long)
    y[::2, 0], y[613, 1] = 1, 1
    assert label_mask(y, 4, 0, 2)[613]


def test_a_fraction_is_of_the_rows_and_a_count_is_of_itself():
    assert label_mask(CLASSES, 0.05, 0, 10).sum() == 50
    assert label_mask(CLASSES, 50, 0, 10).equal(label_mask(CLASSES, 0.05, 0, 10))


@pytest.mark.parametrize("labels", [None, 1.0, 1000])
def test_all_rows_of_unequal_classes_can_be_labelled(labels):
    assert label_mask(CLASSES**2 % 10, labels, 0, 10).all()


@pytest.mark.parametrize("labels", [0, 0.0])
def test_no_row_can_be_labelled(labels):
    assert not label_mask(CLASSES, labels, 0, 10).any()


@pytest.mark.parametrize("labels", [-1, 1001, 1.5, -0.1, True, float("nan"), 20.5])
def test_counts_and_fractions_out_of_range_are_refused(labels):
    with pytest.raises(ValueError, match="labels: expected a count from 0 to 1000, a fraction"):
        label_mask(CLASSES, labels, 0, 10)


@pytest.mark.parametrize("labels", [1, 9, 0.009, 0.0001])
def test_fewer_labels_than_classes_are_refused(labels):
    with pytest.raises(ValueError, match=r"(?s)cannot show 10 classes.*labels=10 or more"):
        label_mask(CLASSES, labels, 0, 10)


def test_the_smallest_fraction_of_the_experiment_shows_every_class():
    y = torch.arange(4000) % 10
    sizes = y[label_mask(y, 0.004, 0, 10)].bincount(minlength=10)
    assert sorted(sizes.tolist()) == [1] * 4 + [2] * 6


def test_a_fraction_that_rounds_to_no_row_at_all_is_refused_for_attributes_too():
    with pytest.raises(ValueError, match=r"(?s)labels: 0 labelled rows cannot show both values of all 6"):
        label_mask(ATTRIBUTES, 0.001, 0, 6)


def test_a_class_with_too_few_rows_is_named_with_the_largest_count_that_works():
    y = torch.tensor([0] * 50 + [1] * 3 + [2] * 50)
    with pytest.raises(ValueError, match=r"(?s)ask for 4 rows a class; class 1 has 3.*labels=9 or fewer"):
        label_mask(y, 10, 0, 3)
    assert y[label_mask(y, 9, 0, 3)].bincount().tolist() == [3, 3, 3]


def test_a_class_without_rows_is_named():
    with pytest.raises(ValueError, match="class 2 has 0"):
        label_mask(torch.tensor([0, 1, 3, 0, 1, 3]), 4, 0, 4)


@pytest.mark.parametrize("third", [2, -1, 0.5, torch.nan])
def test_classes_out_of_range_are_refused(third):
    with pytest.raises(ValueError, match=rf"y: expected classes from 0 to 1; row 2 holds {third:g}"):
        label_mask(torch.tensor([0, 1, third, 0]), 2, 0, 2)


def test_whole_numbers_serve_as_classes_in_any_type():
    assert label_mask(CLASSES.double(), 50, 0, 10).equal(label_mask(CLASSES, 50, 0, 10))
    assert label_mask(ATTRIBUTES > 0, 50, 0, 6).equal(label_mask(ATTRIBUTES, 50, 0, 6))


@pytest.mark.parametrize("value", [-1, 2, torch.nan])
def test_attributes_other_than_zero_and_one_are_refused(value):
    y = ATTRIBUTES.float()
    y[30, 2] = value
    with pytest.raises(ValueError, match=rf"y: expected 0 or 1 .* 'c' holds {value:g} in 1 of 400 rows, .* row 30\."):
        label_mask(y, 50, 0, tuple("abcdef"))


def test_attributes_are_labelled_as_often_as_they_occur_but_for_rare_ones_at_small_counts():
    y = torch.zeros(200, 2, dtype=torch.long)
    y[:60, 0], y[::20, 1] = 1, 1
    for count, expected in ((100, 0.05), (4, 0.25)):  # one row of four must show the rare value, and few show it twice
        shown = torch.stack([y[label_mask(y, count, seed, 2)].float().mean(0) for seed in range(500)])
        error = shown.std(0) / 500**0.5
        assert abs(shown[:, 1].mean() - expected) < 4 * error[1] + 0.02 * (count == 4)
        assert count == 4 or abs(shown[:, 0].mean() - 0.3) < 4 * error[0]


def test_an_attribute_of_one_value_is_named():
    y = ATTRIBUTES.clone()
    y[:, 4] = 0
    with pytest.raises(ValueError, match="attribute 4 has one value only"):
        label_mask(y, 50, 0, 6)
    with pytest.raises(ValueError, match="attribute 'hat' has one value only"):
        label_mask(y, 50, 0, ("a", "b", "c", "d", "hat", "e"))


def test_names_that_are_not_one_for_each_attribute_are_refused():
    with pytest.raises(ValueError, match="classes: 2 names were given for the 6 attributes of y"):
        label_mask(ATTRIBUTES, 50, 0, ("hat", "eyes"))


def test_names_change_no_draw():
    assert label_mask(CLASSES, 50, 0, tuple("abcdefghij")).equal(label_mask(CLASSES, 50, 0, 10))
    assert label_mask(ATTRIBUTES, 50, 0, list("abcdef")).equal(label_mask(ATTRIBUTES, 50, 0, 6))


def test_a_scarce_class_is_called_by_its_name_if_it_has_one():
    with pytest.raises(ValueError, match="class 'owl' has 1"):
        label_mask(torch.tensor([0, 0, 1, 1, 2]), 4, 0, ["cat", "dog", "owl"])


def test_a_count_that_cannot_show_all_attributes_is_told_the_least_that_can():
    with pytest.raises(ValueError, match=r"labels=\d+ or more") as caught:
        label_mask(ATTRIBUTES, 1, 0, 6)
    least = int(str(caught.value).split("- labels=")[1].split()[0])
    assert label_mask(ATTRIBUTES, least, 0, 6).sum() == least
