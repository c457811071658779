"""From a recipe back to the object: arguments checked against hints, nested recipes built first."""

import json
from typing import Any

import pytest

from pellucid import data, zoo
from pellucid.inference.training import build
from pellucid.inference.training.build import named
from pellucid.schedules import Ramp


def test_a_data_set_rebuilt_from_json_has_the_same_rows_and_recipe():
    first: Any = data.smiley(rows=50, labels=20, seed=3, validation=5, test=5)
    again = build(json.loads(json.dumps(first.recipe)))
    assert again.train.x.equal(first.train.x)
    assert again.train.labelled.equal(first.train.labelled)
    assert again.recipe == first.recipe


def test_a_pair_rebuilt_from_json_has_the_same_parameters_and_schedules():
    digits = data.digits()
    pair = zoo.vsc(digits, dim=5, consistency=Ramp(0, 3, end=0.5), hidden=(16, 8))
    again = build(json.loads(json.dumps(pair.recipe)), data=digits)
    shapes = {name: p.shape for name, p in pair.named_parameters()}
    assert shapes == {name: p.shape for name, p in again.named_parameters()}
    assert again.recipe == pair.recipe
    assert again.factors[0]._schedules["weight"](0.25) == 1.5


def test_a_function_in_a_file_of_the_working_directory_is_found(monkeypatch, tmp_path):
    (tmp_path / "own_parts_of_mine.py").write_text(
        "class Thing:\n    pass\ndef one(size: int = 2):\n    return Thing()\n"
    )
    monkeypatch.chdir(tmp_path)
    recipe = {"class_path": "own_parts_of_mine.one", "init_args": {"size": 3}}
    assert build(recipe).recipe == recipe


@pytest.mark.parametrize("path", ["pellucid.data.nothing", "nowhere.at_all"])
def test_a_path_that_cannot_be_imported_is_named(path):
    with pytest.raises(ValueError, match=f"(?s)'{path}': cannot be imported.*Try one of"):
        build({"class_path": path})


def test_an_unknown_short_name_is_answered_with_those_there_are():
    with pytest.raises(
        ValueError, match="beta_vae, ccvae, class_vsc, compose, diva, exon, m2, mvae, shot_vae, vae, vsc"
    ):
        named("vsx", ("pellucid.zoo",))


def test_an_argument_of_the_wrong_type_is_named():
    with pytest.raises(ValueError, match=r"(?s)vsc.*dim.*many"):
        build({"class_path": "pellucid.zoo.vsc", "init_args": {"dim": "many"}}, data=data.digits())
