import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from pellucid.data import digits, recorded


@dataclass(frozen=True)
class Thing:
    parts: tuple
    recipe: Any = None


@recorded
def ring(radius: Any = 3.0, *, name: Any = "ring", **rest) -> Thing:
    return Thing((radius, name, rest))


@recorded
def chain(first: Thing, folder: Path = Path("a/b"), sizes: tuple[int, ...] = (1, 2)) -> Thing:
    return Thing((first, folder, sizes))


def test_defaults_positions_and_extra_keywords_are_all_recorded():
    thing = ring(2.0, colour="red")
    assert thing.recipe["init_args"] == {"radius": 2.0, "name": "ring", "colour": "red"}
    assert thing.parts == (2.0, "ring", {"colour": "red"})


def test_the_path_is_the_public_one():
    recipe = digits(rows=100).recipe
    assert recipe is not None
    assert recipe["class_path"] == "pellucid.data.digits"


def test_recipes_are_plain_and_nest():
    recipe = chain(ring(), sizes=(3, 4)).recipe
    assert json.loads(json.dumps(recipe)) == recipe
    assert recipe["init_args"]["folder"] == "a/b"
    assert recipe["init_args"]["sizes"] == [3, 4]
    assert recipe["init_args"]["first"] == ring().recipe


@pytest.mark.parametrize("given", [torch.zeros(2), object(), torch.nn.Linear(1, 1), {"a": {1}}])
def test_an_argument_without_a_plain_form_leaves_no_half_recipe(given):
    assert ring(given).recipe is None


def test_tensor_types_and_devices_are_recorded_by_name():
    assert ring(torch.float32, name=torch.device("cpu")).recipe["init_args"] == {"radius": "float32", "name": "cpu"}


def test_the_data_that_a_thing_is_made_for_is_left_to_whoever_makes_it_again():
    @recorded
    def made_for(data: object, size: int) -> Thing:
        return Thing((data, size))

    assert made_for(object(), 3).recipe["init_args"] == {"size": 3}


def test_nameless_arguments_are_refused_at_decoration():
    with pytest.raises(TypeError, match=r"takes \*sizes"):

        @recorded
        def tower(*sizes):
            return Thing(sizes)


def test_a_recorded_function_keeps_its_name_and_documentation():
    assert digits.__name__ == "digits"
    assert digits.__doc__ is not None
    assert "scikit-learn" in digits.__doc__
