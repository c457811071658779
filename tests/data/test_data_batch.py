# A split may be in memory or not, a label a tensor or a dict: these tests know which.
# pyright: reportArgumentType=false, reportOptionalIterable=false, reportOptionalSubscript=false

import pickle

import torch

from pellucid.data import Batch


def rows() -> Batch:
    y = {"kind": torch.tensor([0, 1, 2, 0]), "marks": torch.tensor([[0, 1], [1, 1], [0, 0], [1, 0]])}
    return Batch(torch.arange(8.0).reshape(4, 2), y, {site: torch.tensor([True, False, True, True]) for site in y})


def test_take_selects_the_same_rows_of_pixels_labels_and_masks():
    taken = rows().take(torch.tensor([3, 1]))
    assert taken.x.tolist() == [[6, 7], [2, 3]]
    assert taken.y["kind"].tolist() == [0, 1]
    assert taken.y["marks"].tolist() == [[1, 0], [1, 1]]
    assert taken.labelled["marks"].tolist() == [True, False]


def test_take_by_mask_and_by_slice_agree_with_take_by_index():
    index, mask, stretch = torch.tensor([1, 2]), torch.tensor([False, True, True, False]), slice(1, 3)
    for other in (mask, stretch):
        assert rows().take(other).y["kind"].equal(rows().take(index).y["kind"])


def test_stacking_single_rows_gives_the_batch_they_came_from():
    batch = rows()
    stacked = Batch.stack([batch.take(i) for i in range(4)])
    assert stacked.x.equal(batch.x)
    assert all(stacked.y[site].equal(batch.y[site]) for site in batch.y)
    assert all(stacked.labelled[site].equal(batch.labelled[site]) for site in batch.y)


def test_absent_labels_stay_absent():
    batch = Batch(torch.rand(3, 2))
    for same in (batch.take(slice(2)), batch.to("cpu"), Batch.stack([batch.take(0)])):
        assert same.y is None
        assert same.labelled is None


def test_rows_counts_rows_where_len_counts_fields():
    assert rows().rows == 4
    assert len(rows()) == 3


def test_to_moves_every_tensor():
    moved = rows().to("meta")
    assert {moved.x.device.type, moved.y["kind"].device.type, moved.labelled["kind"].device.type} == {"meta"}


def test_a_batch_survives_the_pickling_that_carries_it_between_processes():
    copy = pickle.loads(pickle.dumps(rows()))
    assert isinstance(copy, Batch)
    assert copy.x.equal(rows().x)
