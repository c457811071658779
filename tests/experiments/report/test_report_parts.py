"""The parts of the report that need no run: headline, partitions, written numbers, configurations."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from pellucid.data import Batch
from pellucid.diagnostics import dimension_roles
from pellucid.experiments.report.configured import leaves
from pellucid.experiments.report.headline import headline, role_rule
from pellucid.experiments.report.meaning import Meaning, attribute_roles
from pellucid.experiments.report.partition import partitions
from pellucid.experiments.report.quantities import written


def space_of(mean: np.ndarray, used: list[bool] | None = None) -> Any:
    """As much of a space as its headline reads."""
    flags = np.ones(mean.shape[1], dtype=bool) if used is None else np.array(used)
    roles = dimension_roles(mean, flags)
    meaning = Meaning(tuple(str(c) for c in range(len(mean))), mean, roles, attributes=False)
    order = [int(j) for j in roles.order if flags[j]]
    name, role = (lambda j: f"z{j}"), (lambda j: roles.role[j])
    return SimpleNamespace(used=flags, meaning=meaning, order=order, role=role, code=SimpleNamespace(name=name))


def test_the_headline_counts_every_role_and_names_the_specific():
    mean = np.zeros((10, 5))
    mean[:, 0] = 0.9
    mean[:5, 1] = 0.9
    mean[[0, 6], 2] = 0.9
    mean[3, 4] = 0.9
    assert headline(space_of(mean, [True, True, True, False, True])) == (
        "4 of 5 dimensions are used: 1 is on for nearly every class, 1 is shared and 2 belong to few "
        "(z2 to 0 and 6; z4 to 3)."
    )


def test_a_headline_of_many_specific_dimensions_names_some_and_counts_the_rest():
    text = headline(space_of(np.eye(10)), most=2)
    assert text == "10 of 10 dimensions are used: 10 belong to few (z0 to 0; z1 to 1; 8 more)."
    assert headline(space_of(np.eye(10)), most=0) == "10 of 10 dimensions are used: 10 belong to few."


def test_headlines_of_nothing_say_so():
    assert headline(None).startswith("The decoder takes no vector")
    assert headline(space_of(np.eye(2), [False, False])).startswith("None of 2 dimensions is used")


def test_the_rule_of_roles_gives_the_numbers_that_the_roles_were_made_with():
    rule = role_rule(space_of(np.eye(10)))
    assert "above 0.25" in rule
    assert "at least 9 classes" in rule
    assert "at most 3 classes" in rule


def test_attribute_roles_follow_differences_and_not_levels():
    always, hat, both = [0.9, 0.9], [0.1, 0.9], [0.2, 0.8]
    tables = [np.array([always, hat, both]).T, np.array([always, [0.5, 0.5], both]).T]
    roles = attribute_roles(tables, np.array([True, True, True]))
    assert roles.role.tolist() == ["global", "specific", "shared"]
    assert roles.active[:, 1].tolist() == [False, True, False, False]


def test_rows_without_a_label_are_in_no_partition_whatever_stands_in_their_slot():
    y = torch.tensor([0.0, 1.0, torch.nan])
    (part,) = partitions(Batch(torch.zeros(3, 1), y, ~y.isnan()), ("a", "b"))
    assert part.known.tolist() == [True, True, False]
    assert part.y.dtype == torch.long


def test_labels_of_one_class_part_nothing():
    assert partitions(Batch(torch.zeros(3, 1), torch.zeros(3).long()), ("a", "b")) == []
    assert partitions(Batch(torch.zeros(3, 1)), ()) == []


def test_a_dict_of_label_sites_names_its_partitions_by_site():
    y = {"hat": torch.tensor([0, 1, 1]), "digit": torch.tensor([0, 2, 1])}
    parts = partitions(Batch(torch.zeros(3, 1), y), ())
    assert [part.classes for part in parts] == [("no hat", "hat"), ("digit 0", "digit 1", "digit 2")]


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(-0.04, 1, "0.0"), (-141.86, 1, "−141.9"), (math.nan, 2, "–"), (-math.inf, 1, "−infinite"), (12.0, 0, "12")],
)
def test_numbers_are_written_for_readers(value, digits, text):
    assert written(value, digits) == text


def test_the_leaves_of_a_configuration_keep_nested_recipes_apart():
    weight = {"class_path": "pellucid.schedules.Ramp", "init_args": {"start": 0, "stop": 3}}
    config = {"pair": {"class_path": "vsc", "init_args": {"consistency": weight}}, "data": None}
    assert leaves(config) == {
        "pair": "vsc",
        "pair.consistency": "pellucid.schedules.Ramp",
        "pair.consistency.start": "0",
        "pair.consistency.stop": "3",
        "data": "–",
    }


def test_parts_in_a_list_are_numbered_and_numbers_in_one_are_not():
    factors = [{"class_path": "Supervision", "init_args": {"weight": 10}}, {"class_path": "mine.Energy"}]
    assert leaves({"pair": {"factors": factors, "hidden": [400, 20]}, "fit": {"callbacks": []}}) == {
        "pair.factors.1": "Supervision",
        "pair.factors.1.weight": "10",
        "pair.factors.2": "mine.Energy",
        "pair.hidden": "[400, 20]",
    }
