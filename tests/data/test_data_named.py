"""Labels by the name of their site."""

import pytest
import torch

from pellucid import data


def test_named_labels_are_the_columns_of_the_matrix_with_its_mask():
    plain = data.smiley(rows=60, labels=20, validation=10, test=10)
    named = data.smiley(rows=60, labels=20, validation=10, test=10, named=True)
    assert list(named.train.y) == ["bow_tie", "hat", "eyes", "mouth"]  # pyright: ignore
    for name, rows in plain.splits.items():
        found = named.splits[name]
        assert torch.equal(torch.stack(list(found.y.values()), 1), rows.y)  # pyright: ignore
        assert torch.equal(found.x, rows.x)  # pyright: ignore
    for mask in named.train.labelled.values():  # pyright: ignore
        assert torch.equal(mask, plain.train.labelled)  # pyright: ignore
    assert named.validation.labelled is None  # pyright: ignore


def test_a_mask_of_single_labels_keeps_each_site_its_own():
    faces = data.smiley(rows=30, validation=10, test=10)
    mask = torch.rand(30, 4, generator=torch.Generator().manual_seed(0)) < 0.5
    rows = faces.train._replace(labelled=mask)  # pyright: ignore
    named = data.named_labels(data.DataSet("mine", rows, rows, rows, faces.classes, "here"))
    assert torch.equal(torch.stack(list(named.train.labelled.values()), 1), mask)  # pyright: ignore


def test_a_named_set_remembers_the_call_that_makes_it():
    assert data.smiley(rows=60, validation=10, test=10, named=True).recipe["init_args"]["named"] is True  # pyright: ignore
    shaped = data.measured("mnist5k", ["thick", "hole"], rows=100, named=True)
    assert list(shaped.train.y) == ["thick", "hole"]  # pyright: ignore


def test_classes_have_no_columns_to_name():
    with pytest.raises(ValueError, match="expected binary attributes"):
        data.named_labels(data.digits())
