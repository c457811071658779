"""What the experiment says of its cells: choices by validation rows, changes seed by seed, nothing made up."""

import math
from pathlib import Path

import pytest
import torch

from pellucid import Batch
from pellucid.data import DataSet
from pellucid.distributions import SpikeAndSlab
from pellucid.experiments.cell import Cell
from pellucid.experiments.class_vsc.choice import choose, reaches
from pellucid.experiments.class_vsc.controls import Shuffled
from pellucid.experiments.class_vsc.panels import draw_few_labels, draw_frontier, draw_sweep
from pellucid.experiments.class_vsc.study import Study
from pellucid.experiments.class_vsc.tables import few_labels_table, main_table, overlap, size_table
from pellucid.experiments.class_vsc.variants import TITLES, family, label_count
from pellucid.experiments.interval import interval
from pellucid.experiments.measures import Measured
from pellucid.experiments.preset import read_preset
from pellucid.inference import ClassConsistency
from pellucid.inference.training.build import build


def figures(bound, used, within, between, *, accuracy=0.5):
    few = {name: {"100": accuracy, "500": accuracy + 0.1} for name in ("mu", "gate", "gate*mu")}
    split = {
        "-bound": bound,
        "used": used,
        "open": 3.0,
        "within": within,
        "between": between,
        "ratio": between / within if within else None,
        "I(Y;Gamma)": 1.0,
        "accuracy": accuracy,
        "accuracy_open": accuracy,
        "majority": 0.1,
        "few_labels": few,
    }
    return {"validation": split, "test": split, "generation": {}, "seconds": 1.0}


def study(table):
    """Variant -> figures of each seed, on one data set."""
    cells = {
        Cell("noise", variant, seed, {}): Measured(each, Path(f"{variant}-{seed}"))
        for variant, seeds in table.items()
        for seed, each in enumerate(seeds)
    }
    return Study(cells)


PLAIN = [figures(100.0, 10, 1.0, 2.0), figures(102.0, 12, 1.0, 2.0)]


def test_a_change_is_taken_seed_by_seed_so_that_what_seeds_share_cancels():
    asked = study({"plain": PLAIN, "lambda=3": [figures(101.0, 9, 0.5, 2.0), figures(103.0, 11, 0.5, 2.0)]})
    change = asked.against_plain("noise", "lambda=3", "test", "-bound")
    assert (change.mean, change.half) == (1.0, 0.0)
    assert asked.against_plain("noise", "lambda=3", "test", "used").mean == -1.0
    assert asked.figure("noise", "lambda=3", "test", "-bound").half == pytest.approx(
        12.706 * math.sqrt(2) / math.sqrt(2), rel=1e-3
    )


def test_a_seed_that_one_of_the_two_lacks_has_no_change():
    asked = study({"plain": PLAIN, "lambda=3": [figures(101.0, 9, 0.5, 2.0)]})
    assert asked.against_plain("noise", "lambda=3", "test", "-bound").seeds == 1


def test_a_setting_is_chosen_by_validation_rows_and_judged_by_test_rows():
    lucky = {**figures(101.0, 11, 0.1, 2.0), "validation": figures(130.0, 2, 0.1, 2.0)["validation"]}
    steady = figures(101.0, 11, 0.4, 2.0)
    asked = study({"plain": PLAIN, "lambda=10": [lucky, lucky], "lambda=3": [steady, steady]})
    assert choose(asked, "noise", "lambda") == "lambda=3"
    assert reaches(asked, "noise", "lambda=3") == {"ratio": False, "bound": True, "dimensions": True}
    assert reaches(asked, "noise", "lambda=10")["ratio"]


def test_the_highest_ratio_wins_among_those_that_keep_bound_and_dimensions():
    cells = {
        "plain": PLAIN,
        "lambda=3": [figures(101.0, 11, 0.4, 2.0)] * 2,
        "lambda=10": [figures(101.0, 8, 0.1, 2.0)] * 2,
    }
    assert choose(study(cells), "noise", "lambda") == "lambda=3"
    assert choose(study({k: v for k, v in cells.items() if k != "lambda=3"}), "noise", "lambda") == "lambda=10"
    dear = {
        "plain": PLAIN,
        "lambda=3": [figures(140.0, 11, 0.4, 2.0)] * 2,
        "lambda=10": [figures(150.0, 11, 0.1, 2.0)] * 2,
    }
    assert choose(study(dear), "noise", "lambda") == "lambda=3"
    assert choose(study(dear), "noise", "sibling") is None


def test_the_main_table_holds_the_means_and_the_quotient_of_the_means():
    asked = study({"plain": PLAIN, "lambda=30": [figures(120.0, 0, 0.0, 0.0), figures(122.0, 2, 0.5, 1.0)]})
    lines = main_table(asked, "noise").splitlines()
    assert lines[2].startswith("| plain sparse coding, lambda = 0 | 101.0 ± 12.7 | 11.0 ± 12.7 |")
    assert "| 2.0 |" in lines[3]  # .5 / .25: a collapsed seed has no ratio of its own, and counts


def test_few_labels_stand_under_the_number_that_training_saw():
    cells = {"plain": PLAIN, "labels=100,lambda=3": PLAIN, "labels=500,lambda=3": [figures(1, 1, 1, 1, accuracy=0.7)]}
    table = few_labels_table(study(cells), "noise")
    assert table is not None
    assert "| gate | pairs of a class, lambda 3 | 50.0 ± 0.0 | 80.0 |" in table
    assert "| gate | plain sparse coding, lambda = 0 | 50.0 ± 0.0 | 60.0 ± 0.0 |" in table
    assert "| – | largest class | 10.0 ± 0.0 | 10.0 ± 0.0 |" in table


def test_a_preset_without_such_cells_has_no_such_table():
    assert few_labels_table(study({"plain": PLAIN}), "noise") is None
    assert size_table(study({"plain": PLAIN})) is None


def test_overlap_leaves_out_a_class_with_itself():
    matrix = torch.eye(4).numpy()
    assert overlap(matrix, (0, 1)) == (0.0, 0.0)


def test_figures_show_a_point_for_every_variant_and_a_line_for_every_lambda():
    cells = {"plain": PLAIN, "lambda=1": PLAIN, "lambda=3": PLAIN, "sibling=3": PLAIN, "labels=100,lambda=3": PLAIN}
    asked = study(cells | {"labels=500,lambda=3": PLAIN})
    sweep = draw_sweep(asked, ["noise"])
    assert [label.get_text() for label in sweep.axes[0].get_xticklabels()] == ["0", "1", "3"]
    frontier = draw_frontier(asked, ["noise"])
    assert len(frontier.axes[0].lines) == 4
    few = draw_few_labels(asked, "noise")
    assert few is not None
    assert len(few.axes) == 3


@pytest.mark.parametrize(
    ("values", "mean", "half"), [([1.0, 3.0], 2.0, 12.706), ([2.0, None], 2.0, math.nan), ([], math.nan, math.nan)]
)
def test_intervals_are_students(values, mean, half):
    found = interval(values)
    assert found.mean == pytest.approx(mean, nan_ok=True)
    assert found.half == pytest.approx(half, rel=1e-3, nan_ok=True)


def posterior(gate):
    return {"z": SpikeAndSlab(gate, torch.zeros_like(gate), torch.ones_like(gate)).to_event(1)}


def test_shuffled_labels_keep_their_counts_and_lose_their_rows():
    seen = []

    class Spy(ClassConsistency):
        def forward(self, posterior, y, labelled):
            seen.append(y)
            return super().forward(posterior, y, labelled)

    y, known = torch.arange(60) % 3, torch.arange(60) < 30
    gate = torch.nn.functional.one_hot(y, 3).float()
    torch.manual_seed(0)
    value = Shuffled(Spy(2.0))(posterior(gate), y, known)
    assert seen[0][known].bincount().equal(y[known].bincount())
    assert not seen[0][known].equal(y[known])
    assert ClassConsistency()(posterior(gate), y, known) < 1e-6 < value  # true classes agree, dealt ones do not
    assert Shuffled(Spy(2.0))(posterior(gate), None, None) == 0
    assert Shuffled(Spy(2.0)).weight == 2


@pytest.mark.parametrize("preset", ["desk", "paper"])
def test_every_variant_of_a_preset_builds_and_has_a_place_in_the_results(preset):
    x, y = torch.rand(20, 1, 28, 28), torch.arange(20) % 10
    rows = Batch(x, y)
    tiny = DataSet("tiny", rows, rows, rows, tuple("abcdefghij"), "torch.rand")
    cells = read_preset("class_vsc", preset).cells
    assert {cell.seed for cell in cells} >= {0, 1, 2}
    variants = {cell.variant: cell for cell in cells if cell.set != "smiley"}
    for variant, cell in variants.items():
        assert build(cell.config["pair"], data=tiny)(x, y).loss.isfinite()
        assert family(variant) in TITLES or label_count(variant) or family(variant) == "D"
    assert {"vae", "plain", "lambda", "separation", "sibling", "shuffled", "squared", "alpha"} <= set(
        map(family, variants)
    )
