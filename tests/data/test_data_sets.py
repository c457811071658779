# A Dataset may keep its labels as attributes, a tuple of names be none: these tests try it.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

import pytest
import torch
from torch.utils.data import Dataset

from pellucid.data import Batch, DataSet, Factors, rows_of

NAMES = ("cat", "dog", "owl")
X = torch.rand(12, 1, 4, 4)
Y = torch.arange(12) % 3


def made(train=None, validation=None, test=None, classes=NAMES) -> DataSet:
    good = Batch(X, Y)
    train, validation, test = (good if split is None else split for split in (train, validation, test))
    return DataSet("pets", train, validation, test, classes, "a test")


def refused(message: str, **splits) -> None:
    with pytest.raises(ValueError, match=f"(?s){message}") as caught:
        made(**splits)
    assert "\nTry one of:\n- " in str(caught.value)


class Rows(Dataset):
    def __init__(self, whole: list):
        self.whole = whole

    def __len__(self):
        return len(self.whole)

    def __getitem__(self, index):
        return self.whole[index]


def test_shape_and_n_data_are_those_of_the_training_rows_in_memory_or_not():
    rows = Rows([Batch(x, y) for x, y in zip(X, Y, strict=True)])
    for train in (Batch(X, Y), rows):
        data = made(train)
        assert data.shape == (1, 4, 4)
        assert data.n_data == rows_of(train) == 12


def test_a_line_describes_the_set_without_its_pixels():
    assert repr(made()) == "DataSet(pets: rows of (1, 4, 4); train 12, validation 12, test 12; 3 classes; a test)"


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_non_finite_pixels_are_counted_and_the_first_row_named(value):
    x = X.clone()
    x[[5, 5, 9], 0, [0, 1, 2], 3] = value
    refused(r"pets\.test\.x: 2 of 12 rows hold NaN or infinity, the first at index 5", test=Batch(x, Y))


def test_opposite_infinities_do_not_cancel():
    x = X.clone()
    x[2, 0, 0, 0], x[3, 0, 0, 0] = torch.inf, -torch.inf
    refused("2 of 12 rows", train=Batch(x, Y))


def test_large_finite_pixels_are_no_infinity():
    x = torch.full((12, 1, 4, 4), 3e38)
    assert made(Batch(x, Y)).n_data == 12


@pytest.mark.parametrize("bad", [-1, 3, 7])
def test_labels_out_of_range_are_refused_on_labelled_rows_only(bad):
    y = Y.clone()
    y[[4, 6]] = bad
    refused(
        rf"pets\.train\.y: expected integers from 0 to 2.*2 labels are not, the first at row 4: {bad}",
        train=Batch(X, y),
    )
    mask = torch.ones(12, dtype=torch.bool)
    mask[[4, 6]] = False
    assert made(Batch(X, y, mask)).n_data == 12


def test_nan_labels_are_refused_on_labelled_rows_only():
    y = Y.float()
    y[4] = torch.nan
    refused("the first at row 4: nan", train=Batch(X, y))
    mask = torch.ones(12, dtype=torch.bool)
    mask[4] = False
    assert made(Batch(X, y, mask)).n_data == 12


def test_labels_between_integers_are_refused():
    refused("first at row 1: 0.5", train=Batch(X, torch.tensor([0, 0.5] + [1.0] * 10)))


@pytest.mark.parametrize("y", [Y[:11], Y.reshape(12, 1, 1), torch.tensor(3), [0, 1]], ids=["short", "3d", "0d", "list"])
def test_labels_of_another_shape_are_refused(y):
    refused(r"pets\.train\.y: expected a tensor \[12\] of classes or \[12, L\]", train=Batch(X, y))


def test_one_hot_labels_of_another_width_are_refused_with_the_remedy():
    refused(r"2 attributes a row, but classes names 3", train=Batch(X, Y.new_zeros(12, 2)))


@pytest.mark.parametrize("mask", [torch.ones(12), torch.ones(11, dtype=torch.bool), torch.ones(12, 2) > 0, [True] * 12])
def test_masks_of_another_type_or_shape_are_refused(mask):
    refused(r"pets\.train\.labelled: expected a boolean mask \[12\]", train=Batch(X, Y, mask))


def test_a_mask_without_labels_is_refused():
    refused(r"labelled: given without y", train=Batch(X, None, torch.ones(12) > 0))


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_an_empty_split_is_named(split):
    refused(rf"pets\.{split}: the split is empty", **{split: Batch(X[:0], Y[:0])})
    refused(rf"pets\.{split}: the split is empty", **{split: Rows([])})


def test_a_training_set_of_one_class_is_refused_if_it_is_labelled():
    refused(r"pets\.train\.y: all 12 labels are 2; a single class", train=Batch(X, torch.full((12,), 2)))
    refused("all 4 labels are 0", train=Batch(X, Y, Y == 0))
    assert made(Batch(X, Y, torch.zeros(12) > 0)).n_data == 12
    assert made(Batch(X)).n_data == 12


def attributes() -> torch.Tensor:
    """Three attributes of twelve rows, every combination among them."""
    return torch.stack([Y % 2, torch.arange(12) % 2, torch.arange(12) // 6], 1)


@pytest.mark.parametrize("value", [0, 1])
def test_an_attribute_that_never_varies_is_named_however_many_others_do(value):
    y, good = attributes(), Batch(X, attributes())
    y[:, 1] = value
    refused(rf"pets\.train\.y: attribute 'dog' is {value} in all 12 rows that know it", train=Batch(X, y), test=good)
    assert made(good, Batch(X, y), Batch(X, y)).n_data == 12  # what is only measured need not vary


@pytest.mark.parametrize("wide", [False, True])
def test_an_attribute_must_vary_where_it_is_known_and_not_elsewhere(wide):
    y, good = attributes(), Batch(X, attributes())
    known = y[:, 2] == 1
    mask = torch.stack([torch.ones(12) > 0, torch.ones(12) > 0, known], 1) if wide else known
    refused("attribute 'owl' is 1 in all 6 rows", train=Batch(X, y, mask), validation=good, test=good)
    both = mask.clone()
    both[0] = True
    assert made(Batch(X, y, both), good, good).n_data == 12


def test_an_attribute_that_no_row_knows_is_left_to_the_model():
    y, good = attributes(), Batch(X, attributes())
    mask = torch.ones(12, 3) > 0
    mask[:, 1] = False
    assert made(Batch(X, y, mask), good, good).n_data == 12


@pytest.mark.parametrize("mask", [None, torch.ones(12) > 0, torch.ones(12, 3) > 0, torch.zeros(12) > 0])
def test_all_rows_or_none_may_know_their_attributes(mask):
    rows = Batch(X, attributes(), mask)
    assert made(rows, rows, rows).train.labelled is mask


def test_attributes_as_minus_one_and_one_are_refused_with_the_arithmetic_that_mends_them():
    y = 2 * attributes() - 1
    message = r"pets\.train\.y: expected 0 or 1 .* attribute 'cat' holds -1 in 8 of 12 rows, the first at row 0\."
    refused(message + r"\nTry one of:\n- \(y \+ 1\) // 2", train=Batch(X, y))
    mended = Batch(X, (y + 1) // 2)
    assert made(mended, mended, mended).train.y.equal(attributes())


@pytest.mark.parametrize(
    ("values", "said"),
    [([2], "2"), ([0.5, -1], "-1, 0.5"), ([torch.nan, torch.nan], "nan"), (list(range(2, 9)), "2, 3, 4, 5, 6, ...")],
)
def test_strange_values_of_an_attribute_are_listed_once_each(values, said):
    y = attributes().float()
    y[4 : 4 + len(values), 1] = torch.tensor(values, dtype=torch.float)
    refused(f"attribute 'dog' holds {said} in {len(values)} of 12 rows, the first at row 4", train=Batch(X, y))


@pytest.mark.parametrize("value", [-1, 7, torch.nan])
def test_a_slot_that_is_not_known_may_hold_anything(value):
    y, good = attributes().float(), Batch(X, attributes().float())
    y[7, 2] = value
    mask = torch.ones(12, 3, dtype=torch.bool)
    refused("attribute 'owl' holds", train=Batch(X, y, mask))
    mask[7, 2] = False
    assert made(Batch(X, y, mask), good, good).n_data == 12
    assert made(Batch(X, y, mask[:, 2]), good, good).n_data == 12


def test_labels_that_a_dataset_keeps_are_checked_beyond_its_first_row():
    y = attributes()
    rows = Rows([Batch(x, each) for x, each in zip(X, y, strict=True)])
    rows.y, rows.labelled = y.clone(), None
    others = {"validation": Batch(X, y), "test": Batch(X, y)}
    assert made(rows, **others).n_data == 12
    rows.y[9, 1] = -1
    refused("attribute 'dog' holds -1 in 1 of 12 rows, the first at row 9", train=rows, **others)
    rows.y[:, 1] = 1
    refused("attribute 'dog' is 1 in all 12 rows", train=rows, **others)
    rows.labelled = torch.zeros(12) > 0
    assert made(rows, **others).n_data == 12


def test_labels_whose_mask_a_dataset_does_not_keep_are_not_taken_for_its_own():
    rows = Rows([Batch(x, y) for x, y in zip(X, Y, strict=True)])
    rows.y = torch.full((12,), 9)
    assert made(rows).n_data == 12
    rows.y, rows.labelled = torch.full((5,), 9), None
    assert made(rows).n_data == 12


@pytest.mark.parametrize("classes", ["cat", (0, 1, 2)])
def test_class_names_that_are_no_names_are_refused(classes):
    refused(r"pets\.classes: expected a sequence of names", classes=classes)


def test_two_classes_of_one_name_are_refused():
    refused(r"pets\.classes: 'dog' is there twice", classes=("dog", "owl", "dog"))


def test_dict_labels_are_checked_site_by_site():
    y = {"kind": Y, "mark": Y.new_zeros(12, 2)}
    y["mark"][0] = 1
    rows = Batch(X, y)
    assert made(rows, rows, rows).n_data == 12
    refused(r"pets\.train\.y\['mark'\]: expected 0 or 1 .* attribute 0", train=Batch(X, {**y, "mark": y["mark"] + 1}))
    still = y["mark"] * Y.new_tensor([1, 0])
    refused(r"y\['mark'\]: attribute 1 is 0 in all 12 rows", train=Batch(X, {**y, "mark": still}))
    refused(r"pets\.train\.y\['kind'\]: expected a tensor", train=Batch(X, {**y, "kind": Y[:3]}))
    refused("needs the same label sites", train=Batch(X, y, {"kind": torch.ones(12) > 0}))


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (Batch(torch.rand(12, 1, 4, 5), Y), r"pets\.test\.x: a row has shape \[1, 4, 5\], in pets\.train \[1, 4, 4\]"),
        (Batch(X, torch.zeros(12, 3)), r"pets\.test\.y: a row has shape \[3\], in pets\.train \[\]"),
        (Rows([Batch(torch.rand(3, 4, 4), Y[0])]), r"pets\.test\.x: a row has shape \[3, 4, 4\]"),
    ],
)
def test_splits_of_different_shapes_are_refused(test, message):
    refused(message, test=test)


@pytest.mark.parametrize("x", [torch.zeros(12, 3, dtype=torch.long), torch.zeros(12, 3) > 0])
def test_pixels_that_are_neither_bytes_nor_floats_are_refused(x):
    refused("expected bytes", train=Batch(x, Y))


@pytest.mark.parametrize("x", [torch.rand(12), X.numpy()])
def test_pixels_that_are_no_table_are_refused(x):
    refused(r"pets\.train\.x: expected a tensor \[N, \.\.\.\]", train=Batch(x, Y))


def test_labels_without_class_names_are_refused():
    refused("labels without class names", classes=())


def test_items_of_a_dataset_that_are_no_batch_are_refused():
    refused("item 0 is a tuple", train=Rows([(X[0], Y[0])]))


def test_the_first_row_of_a_dataset_is_checked():
    refused(r"pets\.train\.y: expected integers", train=Rows([Batch(X[0], torch.tensor(9))]))


@pytest.mark.parametrize(
    ("values", "active", "names"),
    [
        (torch.rand(3, 2), torch.ones(3, 2), ("a", "b")),
        (torch.rand(3, 2), torch.ones(3, 1) > 0, ("a", "b")),
        (torch.rand(3, 2), torch.ones(3, 2) > 0, ("a",)),
        (torch.rand(3), torch.ones(3) > 0, ("a",)),
    ],
)
def test_factors_that_disagree_in_shape_are_refused(values, active, names):
    with pytest.raises(ValueError, match="factors: expected values"):
        Factors(values, active, names)
