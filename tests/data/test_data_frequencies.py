# A Dataset keeps its labels as attributes: these tests know that it does.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# pyright: reportOptionalSubscript=false
"""Counts and frequencies of known labels: by hand, without a known label, with all, from disk."""

import pytest
import torch
from torch.utils.data import Dataset

from pellucid.data import Batch, DataSet, label_counts, label_frequencies, mnist5k, smiley

X = torch.rand(10, 3)
CLASSES = torch.tensor([0, 0, 0, 0, 0, 0, 2, 2, 2, 1])
ATTRIBUTES = torch.tensor([[i % 2, int(i < 3)] for i in range(10)])


def made(y, labelled=None, names=("cat", "dog", "owl", "yak")) -> DataSet:
    rows = Batch(X, y, labelled)
    return DataSet("pets", rows, rows, rows, names if y.ndim == 1 else names[: y.shape[1]], "torch.rand")


class Kept(Dataset):
    """Rows that are read one at a time, their labels kept."""

    def __init__(self, whole: Batch):
        self.whole, self.read = whole, 0
        self.y, self.labelled = whole.y, whole.labelled

    def __len__(self):
        return self.whole.rows

    def __getitem__(self, index):
        self.read += 1
        return self.whole.take(index)


def on_disk(data: DataSet) -> DataSet:
    return DataSet(data.name, *map(Kept, data.splits.values()), classes=data.classes, source=data.source)


def test_classes_are_counted_where_they_are_known():
    known = torch.tensor([1, 1, 0, 0, 0, 0, 1, 1, 1, 0]) > 0
    assert label_counts(made(CLASSES)).tolist() == [6, 1, 3, 0]
    assert label_counts(made(CLASSES, known)).tolist() == [2, 0, 3, 0]


def test_attributes_are_counted_value_by_value_where_each_is_known():
    rows = torch.arange(10) < 4
    slots = torch.stack([rows, torch.arange(10) > 1], 1)
    assert label_counts(made(ATTRIBUTES)).tolist() == [[5, 5], [7, 3]]
    assert label_counts(made(ATTRIBUTES, rows)).tolist() == [[2, 2], [1, 3]]
    assert label_counts(made(ATTRIBUTES, slots)).tolist() == [[2, 2], [7, 1]]


def test_frequencies_follow_the_rule_of_succession():
    known = torch.tensor([1, 1, 0, 0, 0, 0, 1, 1, 1, 0]) > 0
    assert label_frequencies(made(CLASSES, known)).tolist() == pytest.approx([3 / 9, 1 / 9, 4 / 9, 1 / 9])
    slots = torch.stack([torch.arange(10) < 4, torch.arange(10) > 1], 1)
    assert label_frequencies(made(ATTRIBUTES, slots)).tolist() == pytest.approx([3 / 6, 2 / 10])


def test_the_rule_of_succession_is_the_posterior_mean_under_a_uniform_prior():
    p = torch.linspace(0, 1, 100_001, dtype=torch.double)
    weight = p**3 * (1 - p) ** 7  # three rows of ten have the second attribute
    assert label_frequencies(made(ATTRIBUTES))[1] == pytest.approx(float((p * weight).sum() / weight.sum()), abs=1e-6)


@pytest.mark.parametrize("wide", [False, True])
def test_frequencies_are_uniform_where_nothing_is_known(wide):
    assert label_frequencies(made(CLASSES, torch.zeros(10) > 0)).tolist() == [0.25] * 4
    none = torch.zeros(10, 2) > 0 if wide else torch.zeros(10) > 0
    assert label_frequencies(made(ATTRIBUTES, none)).tolist() == [0.5] * 2
    assert label_counts(made(ATTRIBUTES, none)).tolist() == [[0, 0]] * 2


def test_what_stands_in_slots_that_are_not_known_never_counts():
    y, known = ATTRIBUTES.float(), torch.arange(10) < 4
    expected = label_frequencies(made(y, known))
    for value in (torch.nan, -1, 9):
        y[~known] = value
        assert label_frequencies(made(y, known)).equal(expected)
    y = CLASSES.float()
    y[8] = torch.nan
    assert label_counts(made(y, torch.arange(10) != 8)).tolist() == [6, 1, 2, 0]


@pytest.mark.parametrize("y", [CLASSES, ATTRIBUTES], ids=["classes", "attributes"])
@pytest.mark.parametrize("known", [None, torch.arange(10) % 3 == 0], ids=["all", "some"])
def test_a_dataset_that_keeps_its_labels_gives_what_memory_gives_and_reads_no_row(y, known):
    memory = made(y, known)
    disk = on_disk(memory)
    before = disk.train.read
    assert label_counts(disk).equal(label_counts(memory))
    assert disk.train.read == before
    assert label_frequencies(disk).equal(label_frequencies(memory))


@pytest.mark.parametrize(("y", "uniform"), [(CLASSES, [0.25] * 4), (ATTRIBUTES, [0.5] * 2)])
@pytest.mark.parametrize("missing", ["y", "labelled"])
def test_a_dataset_that_keeps_no_labels_has_no_counts_and_uniform_frequencies(y, uniform, missing):
    disk = on_disk(made(y))
    delattr(disk.train, missing)
    assert label_counts(disk) is None
    assert label_frequencies(disk).tolist() == uniform


def test_every_class_of_a_small_fraction_is_in_the_counts():
    counts = label_counts(mnist5k(labels=0.004, rows=4000, validation=500, test=500))
    assert counts.sum() == 16
    assert sorted(counts.tolist()) == [1] * 4 + [2] * 6


def test_both_values_of_each_attribute_of_a_small_fraction_are_in_the_counts():
    counts = label_counts(smiley(rows=2000, validation=1, test=1, labels=0.004))
    assert counts.sum(1).tolist() == [8] * 4
    assert counts.min() >= 1


def test_rows_without_labels_or_with_several_sites_are_refused():
    rows = Batch(X)
    with pytest.raises(ValueError, match=r"data: expected training labels .* pets has none\.\nTry one of:\n- labels=0"):
        label_frequencies(DataSet("pets", rows, rows, rows, ("cat",), "torch.rand"))
    rows = Batch(X, {"kind": CLASSES, "mark": ATTRIBUTES})
    with pytest.raises(ValueError, match="pets has the sites kind, mark"):
        label_counts(DataSet("pets", rows, rows, rows, (), "torch.rand"))
