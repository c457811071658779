"""The cells of a preset: every variant with every data set and every seed, base under set under variant under seed."""

import itertools

import pytest
import yaml

from pellucid.experiments.cli import main
from pellucid.experiments.crossing import crossed
from pellucid.experiments.preset import read_preset

DIGITS, MNIST = {"class_path": "pellucid.data.digits"}, {"class_path": "pellucid.data.mnist5k"}
BASE = {"pair": {"class_path": "pellucid.zoo.vsc", "init_args": {"dim": 60, "alpha": 0.05}}, "fit": {"epochs": 9}}
SETS = {"small": {"data": DIGITS, "fit": {"epochs": 3}}, "large": {"data": MNIST, "pair": {"init_args": {"dim": 8}}}}


def test_every_variant_meets_every_set_and_every_seed_seed_by_seed():
    cells = crossed(BASE, SETS, {"a": None, "b": {"fit": {"epochs": 1}}}, [3, 5])
    expected = [(s, v, seed) for seed, s, v in itertools.product([3, 5], ["small", "large"], ["a", "b"])]
    assert [(cell.set, cell.variant, cell.seed) for cell in cells] == expected
    assert [cell.config["fit"]["seed"] for cell in cells] == [seed for _, _, seed in expected]


def test_the_variant_overrules_the_set_which_overrules_the_base():
    made = {(c.set, c.variant): c.config for c in crossed(BASE, SETS, {"a": None, "b": {"fit": {"epochs": 1}}}, [0])}
    epochs = {key: config["fit"]["epochs"] for key, config in made.items()}
    assert epochs == {("small", "a"): 3, ("large", "a"): 9, ("small", "b"): 1, ("large", "b"): 1}
    assert made["large", "a"]["pair"]["init_args"] == {"dim": 8, "alpha": 0.05}


def test_a_variant_can_keep_to_some_sets_and_some_seeds():
    cells = crossed(BASE, SETS, {"a": None, "b": {"sets": ["large"], "seeds": [1]}}, [0, 1])
    assert [str(cell) for cell in cells if cell.variant == "b"] == ["large/b/1"]
    assert len(cells) == 5
    assert all(cell.config.keys() == {"pair", "data", "fit"} for cell in cells)


def test_of_another_class_s_arguments_those_stay_that_it_takes():
    (cell,) = crossed(BASE, None, {"vae": {"pair": {"class_path": "pellucid.zoo.vae"}, "data": DIGITS}}, None)
    assert cell.config["pair"] == {"class_path": "pellucid.zoo.vae", "init_args": {"dim": 60}}


def test_the_rows_that_keep_their_labels_follow_the_seed_unless_their_own_is_given():
    def split(**arguments):
        data = {**DIGITS, "init_args": arguments}
        return [c.config["data"]["init_args"].get("seed") for c in crossed(BASE, None, {"a": {"data": data}}, [0, 7])]

    assert split(labels=100) == [0, 7]
    assert split(labels=100, seed=4) == [4, 4]
    assert split(rows=100) == split(labels=None) == [None, None]


def test_without_sets_and_seeds_the_configuration_stays_as_it_is():
    config = {**BASE, "data": {**DIGITS, "init_args": {"labels": 100}}, "fit": {"epochs": 9, "seed": 2}}
    (cell,) = crossed(config, None, {"a": None}, None)
    assert (cell.config, str(cell)) == (config, "digits/a/2")


def test_cells_are_keys_and_those_with_other_configurations_are_others():
    first, second = (crossed({**BASE, "data": DIGITS, "fit": {"epochs": n}}, None, {"a": None}, [0])[0] for n in (1, 2))
    assert {first: 1, second: 2}[first] == 1
    assert first.digest != second.digest


GRID = {"title": "t", "seeds": [0, 1], "base": {**BASE, "data": DIGITS}, "sets": SETS, "cells": {"a": None, "b": {}}}

BAD = {
    "unknown key": ({"seed": [0]}, "expected the keys title, report, module, seeds, sets, base, cells; given title"),
    "no cells": ({"cells": {}}, "cells: expected names with a configuration each; given {}"),
    "seeds that repeat": ({"seeds": [0, 0]}, "seeds: expected different whole numbers, 0 or more, such as [0, 1, 2]"),
    "no seed": ({"seeds": []}, "seeds: expected different whole numbers"),
    "a seed below 0": ({"seeds": [-1]}, "seeds: expected different whole numbers"),
    "a seed that is true": ({"seeds": [True]}, "seeds: expected different whole numbers"),
    "a seed alone": ({"seeds": 3}, "given 3"),
    "sets as a list": ({"sets": ["small"]}, "sets: expected names with a configuration each; given ['small']"),
    "a set with another key": ({"sets": {"s": {"dta": {}}}}, "set s: expected some of the keys pair, data, fit; given"),
    "a cell with another key": (
        {"cells": {"a": {"set": []}}},
        "cell a: expected some of the keys pair, data, fit, sets",
    ),
    "a cell of another set": ({"cells": {"a": {"sets": ["m"]}}}, "cell a: sets: expected some of small, large; given"),
    "a cell of another seed": ({"cells": {"a": {"seeds": [9]}}}, "cell a: seeds: expected some of 0, 1; given [9]"),
    "a cell of no set": ({"cells": {"a": {"sets": []}}}, "cell a: sets: expected some of small, large; given []"),
    "a cell's seeds alone": (
        {"seeds": None, "cells": {"a": {"seeds": [0]}}},
        "seeds: expected some of none: the preset",
    ),
    "a name that is a path": (
        {"cells": {"../a": {}}},
        "cells: expected names of letters, digits and . , = + - _",
    ),
    "a name that is a number": ({"cells": {3: {}}}, "cells: expected names of letters"),
    "a part that is no mapping": (
        {"cells": {"a": {"fit": 3}}},
        "cell a: fit: expected arguments of fit by name; given",
    ),
    "no class": ({"base": {**BASE, "pair": {}, "data": DIGITS}}, "cell a: pair: expected a class_path; given {}"),
    "a class that is not there": ({"cells": {"a": {"pair": {"class_path": "pellucid.zoo.vsx"}}}}, "'pellucid.zoo.vsx'"),
    "a report of no pair": ({"report": ["a", "c"]}, "report: expected two of a, b; given ['a', 'c']"),
    "a report of two grounds": (
        {"report": ["a", "b"], "cells": {"a": {"sets": ["small"]}, "b": {"sets": ["large"]}}},
        "report: a and b have no data set and seed in common",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_preset_that_is_none_is_answered_by_a_sentence(name, empty_folder, capsys):
    change, sentence = BAD[name]
    (empty_folder / "grid.yaml").write_text(yaml.safe_dump({**GRID, **change}, sort_keys=False))
    assert main(["experiment", "class_vsc", "--preset", "grid.yaml", "--list"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: --preset: grid.yaml: ")
    assert sentence in error
    assert "Try one of:\n- " in error
    assert [path.name for path in empty_folder.iterdir()] == ["grid.yaml"]


def test_a_grid_s_report_is_of_the_first_set_and_seed_that_both_cells_have(empty_folder):
    (empty_folder / "grid.yaml").write_text(
        yaml.safe_dump({**GRID, "report": ["b", "a"], "cells": {"a": None, "b": {"sets": ["large"], "seeds": [1]}}})
    )
    report = read_preset("class_vsc", "grid.yaml").report
    assert report is not None
    assert [str(cell) for cell in report] == ["large/b/1", "large/a/1"]
