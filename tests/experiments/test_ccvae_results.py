"""What the experiment says of its cells: numbers, intervals and sentences follow the figures, and gaps are borne."""

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from pellucid import data, fit, zoo
from pellucid.experiments.ccvae import write_results
from pellucid.experiments.ccvae.aim import Against, against, aim_table, classifier_verdict, verdict
from pellucid.experiments.ccvae.fractions import fractions
from pellucid.experiments.ccvae.panels import change_heatmap, draw_accuracy, swap_matrix
from pellucid.experiments.ccvae.pictures import (
    different,
    draw_diverse,
    draw_swaps,
    draw_traversals,
    draw_two_labels,
    draw_variance,
    pictured,
    told_most,
)
from pellucid.experiments.ccvae.reference import ACCURACY
from pellucid.experiments.ccvae.results import draw_changes
from pellucid.experiments.ccvae.tables import (
    accuracy_table,
    block_swap_table,
    bound_table,
    calibration_table,
    class_table,
    diversity_table,
    extra_table,
    gradient_table,
    information_table,
    reference_table,
    selectivity_table,
    swap_table,
)
from pellucid.experiments.cell import Cell
from pellucid.experiments.interval import interval
from pellucid.experiments.measures import Measured
from pellucid.experiments.study import Study
from tests.sheets import assert_on_the_sheet, assert_the_same_file_twice

LABELS = ["hat", "eyes"]
QUANTITIES, OWN = ["hat", "eyes", "hat tilt", "eyes size", "eyes height"], [0, 1, 0, 1, 1]


def figures(
    accuracy: float = 0.8, bound: float = 100.0, changed: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    made = {
        "labelled": 40,
        "counts": [[18, 22], [9, 31]],
        "classes": LABELS,
        "accuracy": accuracy,
        "label accuracy": [accuracy, accuracy],
        "majority": 0.55,
        "log loss": 0.4,
        "calibration": 0.06,
        "calibration chance": 0.02,
        "-bound": bound,
        "-joint bound": bound + 2,
        "style swap": {"total": 0.5, "error": 0.1, "label": [0.2, 0.3]},
        "block swap": {"total": 0.7, "error": 0.1, "label": [0.6, 0.8], "taken": [0.4, 0.5], "kept": [0.2, 0.3]},
        "selectivity": {
            "change": [[0.9, 0.1, 0.8, 0.0, 0.1], [0.2, 0.7, 0.1, 0.6, 0.5]],
            "share": [0.9, 0.8],
            "chance": [0.4, 0.6],
            "score": 0.85,
            "score error": 0.01,
            "quantities": QUANTITIES,
            "own": OWN,
        },
        "diversity": [3.0, 2.0],
        "diversity share": [0.75, None],
        "diversity chance": [0.1, 0.2],
        "block information": [0.5, 0.25],
        "style information": 8.0,
    }
    return made | (changed or {}) | more


CLASSES = {
    "counts": [4, 3, 5],
    "classes": ["a", "b", "c"],
    "label accuracy": None,
    "block swap": None,
    "selectivity": None,
    "diversity": [3.0, 2.0, 4.0],
    "diversity share": None,
    "diversity chance": None,
    "block information": [0.5, 0.25, 0.125],
}


def study(cells: dict[tuple[str, str, int], dict[str, Any]]) -> Study:
    return Study({Cell(*key, {}): Measured(made, Path("none")) for key, made in cells.items()})


def rivals(*differences: tuple[float, float], method: str = "exact", name: str = "faces,f=.06") -> Study:
    """A method and ``official``, by their differences in accuracy and in -bound, a seed each."""
    cells = {}
    for seed, (accuracy, bound) in enumerate(differences):
        cells[name, method, seed] = figures(0.8 + 0.01 * seed + accuracy, 100 + 3 * seed + bound)
        cells[name, "official", seed] = figures(0.8 + 0.01 * seed, 100 + 3 * seed)
    return study(cells)


def joined(*studies: Study) -> Study:
    return Study({cell: measured for each in studies for cell, measured in each.cells.items()})


def row(text: str | None, begins: str) -> list[str]:
    """The cells of the row with this name."""
    assert text is not None
    lines = [line.strip("| ").split(" | ") for line in text.splitlines()]
    (found,) = [line[1:] for line in lines if line[0] == begins]
    return found


def head(text: str | None) -> list[str]:
    assert text is not None
    return text.splitlines()[0][2:-2].split(" | ")


def written(values: list[float], digits: int) -> str:
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
    return f"{np.mean(values):.{digits}f} ± {half:.{digits}f}"


HOLDS = [(0.02, -3.0), (0.03, -4.0), (0.025, -5.0)]
NOISE = [(-0.03, -3.0), (0.02, -4.0), (-0.01, -5.0)]
LESS = [(-0.02, -3.0), (-0.03, -4.0), (-0.025, -5.0)]
WORSE = [(0.02, 3.0), (0.03, 4.0), (0.025, 5.0)]
UNTOLD = [(0.02, -3.0), (0.03, 2.0), (0.025, -1.0)]


class TestAccuracy:
    two = study(
        {
            ("faces,f=.2", "exact", 0): figures(0.9, classifier={"accuracy": 0.7}, labelled=100),
            ("faces,f=.06", "m2", 0): figures(0.5),
            ("faces,f=.06", "m2", 1): figures(0.6),
            ("faces,f=.06", "exact", 0): figures(0.8, classifier={"accuracy": 0.6}),
            ("faces,f=.06", "exact", 1): figures(0.81, classifier={"accuracy": 0.65}, counts=[[18, 22], [7, 33]]),
            ("faces,f=.06", "block=2", 0): figures(0.99),
        }
    )

    def test_methods_stand_in_their_order_and_fractions_ascend_and_extra_settings_are_elsewhere(self):
        table = accuracy_table(self.two, fractions(self.two)["faces"])
        assert table is not None
        names = [line.split(" | ")[0].strip("| ") for line in table.splitlines()[2:]]
        assert names == ["CCVAE, exact", "M2", "plain classifier", "the most frequent answer"]
        assert head(table)[1:] == [
            "f = .06: 40 labelled, 7 to 9 of the scarcest",
            "f = .2: 100 labelled, 9 of the scarcest",
        ]

    def test_numbers_are_means_and_intervals_by_students_t_and_one_seed_has_none(self):
        table = accuracy_table(self.two, fractions(self.two)["faces"])
        assert row(table, "CCVAE, exact") == [written([80, 81], 1), "90.0"]
        assert row(table, "M2") == [written([50, 60], 1), "–"]
        assert row(table, "plain classifier") == [written([60, 65], 1), "70.0"]
        assert row(table, "the most frequent answer") == ["55.0 ± 0.0", "55.0"]

    def test_bold_is_what_lies_above_all_others_by_both_intervals(self):
        def shown(rival: float) -> str:
            runs = {("faces,f=1", "exact", s): figures(0.9 + 0.001 * s) for s in range(3)}
            runs |= {("faces,f=1", "m2", s): figures(rival + 0.001 * s) for s in range(3)}
            cells = study(runs)
            return row(accuracy_table(cells, fractions(cells)["faces"]), "CCVAE, exact")[0]

        assert shown(0.8) == f"**{written([90.0, 90.1, 90.2], 1)}**"
        assert shown(0.897) == written([90.0, 90.1, 90.2], 1)

    def test_classes_are_counted_as_classes(self):
        cells = study({("digits,f=1", "exact", 0): figures(changed=CLASSES)})
        assert head(accuracy_table(cells, fractions(cells)["digits"]))[1] == "f = 1: 40 labelled, 3 of the scarcest"

    def test_the_figure_has_the_means_of_the_table_and_a_far_constant_answer_in_words(self):
        figure = draw_accuracy(self.two, fractions(self.two))
        (axes,) = figure.axes
        lines = {line.get_label(): np.array(line.get_ydata()) for line in axes.lines}
        np.testing.assert_allclose(lines["CCVAE, exact"], [80.5, 90.0])
        np.testing.assert_allclose(lines["the most frequent answer"], [55.0, 55.0])
        low = study({key: made | {"majority": 0.1} for key, made in plain(self.two).items()})
        (axes,) = draw_accuracy(low, fractions(low)).axes
        assert "the most frequent answer" not in {line.get_label() for line in axes.lines}
        assert [text.get_text() for text in axes.texts] == ["the most frequent answer: 10 %"]
        assert_the_same_file_twice(lambda: draw_accuracy(self.two, fractions(self.two)))

    def test_a_sentence_says_where_the_plain_classifier_is_ahead_of_all(self):
        told = "The plain classifier is, in the mean over seeds, more accurate than every method in"
        assert classifier_verdict(self.two) == f"{told} 0 of 2 cases."
        cells = plain(self.two)
        cells["faces,f=.06", "exact", 0] = figures(0.5, classifier={"accuracy": 0.9})
        assert classifier_verdict(study(cells)) == f"{told} 1 of 2 cases: on faces at f = .06."
        cells["faces,f=.06", "m2", 0] = figures(0.99)
        assert classifier_verdict(study(cells)) == f"{told} 0 of 2 cases."
        assert classifier_verdict(rivals(*HOLDS)) is None

    def test_data_sets_have_a_panel_each(self):
        three = joined(self.two, *(study({(f"{name},f=1", "exact", 0): figures()}) for name in ("digits", "coats")))
        figure = draw_accuracy(three, fractions(three))
        assert [axes.get_title(loc="left") for axes in figure.axes] == ["faces", "digits", "coats"]
        assert_on_the_sheet(figure)


def plain(cells: Study) -> dict[tuple[str, str, int], dict[str, Any]]:
    return {(cell.set, cell.variant, cell.seed): measured.figures for cell, measured in cells.cells.items()}


class TestTheAim:
    def test_differences_are_those_of_runs_of_one_seed(self):
        cells = plain(rivals(*HOLDS)) | {("faces,f=.06", "exact", 9): figures(0.1, 900.0)}  # without a rival
        (found,) = against(study(cells), "exact")
        assert found.accuracy.written(4) == written([0.02, 0.03, 0.025], 4)
        assert found.bound.written(4) == written([-3.0, -4.0, -5.0], 4)
        assert (found.data, found.fraction) == ("faces", 0.06)

    @pytest.mark.parametrize(
        ("differences", "standing", "missing"),
        [
            (HOLDS, "holds", []),
            (NOISE, "within noise", []),
            (LESS, "fails", ["accuracy is lower"]),
            (WORSE, "fails", ["the bound is worse"]),
            (UNTOLD, "fails", ["the bounds are not told apart"]),
            ([(-0.02, 3.0), (-0.03, 4.0)], "fails", ["the bounds are not told apart"]),  # two seeds tell little
            ([(0.0, -1.0)] * 3, "holds", []),
            ([(0.0, 0.0)] * 3, "fails", ["the bounds are not told apart"]),
            ([(0.02, -3.0)], "undecided", []),
        ],
    )
    def test_the_standing_follows_the_intervals(self, differences, standing, missing):
        (found,) = against(rivals(*differences), "exact")
        assert (found.standing, found.missing) == (standing, missing)

    def test_an_equal_accuracy_is_not_lower_by_a_rounding_error(self):
        exactly = Against("faces", 1.0, interval([-1e-17] * 3), interval([-1.0, -1.1, -0.9]))
        assert exactly.standing == "holds"

    def test_the_sentence_says_so_where_the_aim_holds_everywhere(self):
        cells = joined(rivals(*HOLDS), rivals(*HOLDS, name="faces,f=1"), rivals(*HOLDS, name="digits,f=1"))
        assert verdict(cells, "exact") == (
            "The aim, `exact` at least as good as `official` in accuracy and strictly better in the bound, holds on "
            "every set and at every f."
        )

    def test_the_sentence_says_where_it_holds_and_where_it_fails_and_why(self):
        cells = joined(
            rivals(*HOLDS),
            rivals(*HOLDS, name="faces,f=1"),
            rivals(*LESS, name="digits,f=.004"),
            rivals(*WORSE, name="digits,f=.2"),
            rivals(*NOISE, name="digits,f=1"),
            rivals(HOLDS[0], name="coats,f=1"),
        )
        assert verdict(cells, "exact") == (
            "The aim, `exact` at least as good as `official` in accuracy and strictly better in the bound, holds in 2 "
            "of 6 cases: on faces at every f. The bound is strictly better, and accuracy lower in the mean by less "
            "than its interval, on digits at f = 1. It fails where accuracy is lower: on digits at f = .004. It fails "
            "where the bound is worse: on digits at f = .2. One seed decides nothing: on coats at f = 1."
        )

    def test_the_sentence_says_so_where_it_holds_nowhere(self):
        found = verdict(joined(rivals(*LESS), rivals(*LESS, name="faces,f=.2")), "exact")
        assert found is not None
        assert "holds in 0 of 2 cases. It fails where accuracy is lower: on faces at every f." in found

    def test_another_method_is_judged_by_its_own_numbers(self):
        cells = joined(rivals(*LESS), rivals(*HOLDS, method="alpha"))
        assert "holds in 0 of 1" in (verdict(cells, "exact") or "")
        assert "`alpha`" in (verdict(cells, "alpha") or "")
        assert "holds on every set" in (verdict(cells, "alpha") or "")
        table = aim_table(cells, ("exact", "alpha"))
        cells = row(table, "faces")
        assert cells == [
            ".06",
            written([-2.0, -3.0, -2.5], 1),
            written([-3.0, -4.0, -5.0], 1),
            "fails",
            "+" + written([2.0, 3.0, 2.5], 1),
            written([-3.0, -4.0, -5.0], 1),
            "holds",
        ]

    def test_without_the_rival_nothing_is_said(self):
        alone = study({("faces,f=1", "exact", 0): figures()})
        assert verdict(alone, "exact") is None
        assert aim_table(alone, ("exact", "alpha")) is None


class TestTables:
    name = "faces,f=.06"
    cells = study(
        {
            (name, "exact", 0): figures(classifier={"log loss": 0.6, "calibration": 0.2}),
            (name, "exact", 1): figures(0.9, 104.0, {"style information": 9.0, "diversity": [5.0, 2.0]}),
            (name, "m2", 0): figures(changed={"diversity": [0.0, 0.0], "diversity share": None, "style swap": None}),
            (name, "mvae", 0): figures(changed={"style information": None, "selectivity": None, "block swap": None}),
        }
    )
    sets = fractions(cells)["faces"]

    def test_bounds_stand_beside_joint_bounds(self):
        table = bound_table(self.cells, self.sets)
        assert head(table)[1:] == ["-bound, f = .06", "-joint bound, f = .06"]
        assert row(table, "CCVAE, exact") == [written([100, 104], 1), written([102, 106], 1)]

    def test_log_loss_and_calibration_stand_beside_the_plain_classifiers(self):
        table = calibration_table(self.cells, self.sets)
        assert row(table, "M2") == ["0.400", "6.0", "2.0"]
        assert row(table, "plain classifier") == ["0.600", "20.0", "–"]

    def test_swaps_have_their_totals_and_a_method_without_them_a_dash(self):
        assert row(swap_table(self.cells, self.sets), "CCVAE, exact") == ["0.50 ± 0.00", "0.70 ± 0.00"]
        assert row(swap_table(self.cells, self.sets), "M2") == ["–", "0.70"]
        digits = study({("digits,f=1", "exact", 0): figures(changed=CLASSES)})
        assert head(swap_table(digits, fractions(digits)["digits"]))[1:] == ["style swap, f = 1"]
        table = block_swap_table(self.cells, self.name)
        assert head(table)[1:] == ["taken: hat", "taken: eyes", "kept: hat", "kept: eyes"]
        assert row(table, "M2") == ["0.40", "0.50", "0.20", "0.30"]
        assert "MVAE" not in (table or "")

    def test_selectivity_is_in_per_cent_with_chance_beneath(self):
        table = selectivity_table(self.cells, self.name)
        assert row(table, "M2") == ["90.0", "80.0", "85.0"]
        assert row(table, "chance") == ["40.0", "60.0", "50.0"]
        assert "MVAE" not in (table or "")

    def test_diversity_has_its_share_in_place_where_that_is_known(self):
        table = diversity_table(self.cells, self.name)
        assert row(table, "CCVAE, exact") == [written([3, 5], 2), "2.00 ± 0.00", "75.0 ± 0.0", "–"]
        assert row(table, "M2") == ["0.00", "0.00", "–", "–"]
        assert row(table, "chance") == ["–", "–", "10.0", "20.0"]
        blind = {"diversity share": None, "diversity chance": None}
        table = diversity_table(study({("digits,f=1", "exact", 0): figures(changed=blind)}), "digits,f=1")
        assert head(table)[1:] == LABELS
        assert "chance" not in (table or "")

    def test_information_is_that_of_blocks_and_style(self):
        table = information_table(self.cells, self.name)
        assert row(table, "CCVAE, exact") == ["0.50 ± 0.00", "0.25 ± 0.00", written([8, 9], 2)]
        assert row(table, "MVAE") == ["0.50", "0.25", "–"]

    def test_classes_are_taken_together(self):
        table = class_table(study({("digits,f=1", "exact", 0): figures(changed=CLASSES)}), "digits,f=1")
        assert row(table, "CCVAE, exact") == ["3.00", "0.88", "8.00"]

    def test_modes_of_the_gradient_stand_beside_the_runs_trained_with_them(self):
        keys = ("noise", "cosine", "coefficient", "distance", "floor")
        start = {
            mode: dict(zip(keys, [0.5, 0.998, 12345.6, 0.0, 0.0123], strict=True)) for mode in ("exact", "official")
        }
        cells = {
            (self.name, "exact", 0): figures(
                0.7, gradients={"start": start, "end": start | {"no baseline": start["exact"]}}
            )
        }
        cells[self.name, "official", 0] = figures(0.75, 101.0)
        cells[self.name, "official", 1] = figures(0.77, 101.0)
        table = gradient_table(study(cells), self.name)
        assert head(table)[1:] == [*keys, "accuracy, %", "-bound"]
        assert row(table, "exact, start") == ["0.500", "0.998", "12346", "0.00", "0.0123", "–", "–"]
        assert row(table, "official, end")[-2:] == [written([75, 77], 1), "101.0 ± 0.0"]
        assert row(table, "no baseline, end")[-2:] == ["–", "–"]
        assert "detached" not in (table or "")
        assert gradient_table(self.cells, self.name) is None

    def test_further_settings_stand_below_what_they_vary(self):
        assert extra_table(self.cells, self.name) is None
        more = joined(self.cells, study({(self.name, "draws=100", 0): figures(0.6)}))
        table = extra_table(more, self.name)
        assert table is not None
        assert [line.split(" | ")[0].strip("| ") for line in table.splitlines()[2:]] == ["CCVAE, exact", "draws=100"]
        weight = {"pair": {"init_args": {"alpha": 10.0}}}
        weighed = Study({**more.cells, Cell(self.name, "alpha", 0, weight): Measured(figures(0.9), Path("none"))})
        assert row(extra_table(weighed, self.name), "CCVAE, exact + alpha=10")[0] == "90.0"
        assert row(table, "draws=100") == ["60.0", "0.400", "100.0", "102.0", "0.50", "0.70", "85.0", "8.00"]

    def test_the_source_stands_beside_celeba_alone(self):
        assert reference_table(self.cells, "celeba") is None
        cells = study({("celeba,f=.2", "diva", 0): figures(0.85), ("celeba,f=.5", "exact", 0): figures(0.86)})
        table = reference_table(cells, "celeba")
        assert row(table, "the source's DIVA") == [f"{100 * ACCURACY['DIVA'][0.2]:.1f}", "–"]
        assert row(table, "DIVA") == ["85.0", "–"]
        assert row(table, "CCVAE, exact") == ["–", "86.0"]


class TestChanges:
    def test_quantities_of_one_block_stand_together_and_are_framed(self):
        change = np.arange(10.0).reshape(2, 5)
        figure = change_heatmap({"a": change, "b": -change}, LABELS, QUANTITIES, OWN, title="What moves")
        first, second, _ = figure.axes
        assert [label.get_text() for label in second.get_xticklabels()] == [QUANTITIES[f] for f in (0, 2, 1, 3, 4)]
        width = first.get_window_extent().width / 5
        np.testing.assert_array_equal(first.get_images()[0].get_array(), change[:, [0, 2, 1, 3, 4]])
        assert [round(patch.get_extents().width / width) for patch in first.patches] == [2, 3]
        assert_on_the_sheet(figure)

    def test_the_matched_weight_stands_for_the_exact_bound_and_methods_without_changes_are_left_out(self):
        cells = {("faces,f=.06", m, s): figures() for m in ("exact", "alpha", "diva") for s in (0, 1)}
        cells["faces,f=.06", "mvae", 0] = figures(selectivity=None)
        found = study(cells)
        figure = draw_changes(found, fractions(found)["faces"])
        assert figure is not None
        assert [axes.get_title(loc="left") for axes in figure.axes[:-1]] == ["CCVAE, exact + alpha", "DIVA"]
        high = joined(found, study({("faces,f=1", m, 0): figures() for m in ("exact", "m2")}))
        figure = draw_changes(high, {1.0: "faces,f=1", 0.2: "faces,f=.2"})
        assert figure is not None
        assert [axes.get_title(loc="left") for axes in figure.axes[:-1]] == ["CCVAE, exact", "M2"]
        without = study({("digits,f=1", "alpha", 0): figures(changed=CLASSES)})
        assert draw_changes(without, fractions(without)["digits"]) is None


def test_every_row_of_the_swaps_has_its_name_and_every_pair_its_image():
    rows, columns = np.zeros((2, 1, 8, 8)), np.ones((3, 1, 8, 8))
    pairs = np.linspace(0, 1, 6).reshape(2, 3, 1, 1, 1) * np.ones((2, 3, 1, 8, 8))
    figure = swap_matrix(rows, columns, pairs, ["hat, eyes", "none"])
    shades = [float(axes.get_images()[0].get_array().mean()) for axes in figure.axes]  # pyright: ignore
    np.testing.assert_allclose(shades, [1, 1, 1, 0, 0, 0.2, 0.4, 0, 0.6, 0.8, 1])
    assert [axes.get_ylabel() for axes in (figure.axes[3], figure.axes[7])] == ["hat, eyes", "none"]
    assert_on_the_sheet(figure)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    faces = data.smiley(rows=300, labels=60, validation=20, test=40)
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # runs so small may collapse
        pair = zoo.ccvae(faces, style=3, block=2, alpha=10.0, hidden=(32,))
        return fit(
            pair,
            faces,
            epochs=2,
            lr=1e-2,
            batch_size=50,
            folder=tmp_path_factory.mktemp("ccvae") / "run",
            progress=False,
        ).folder


@pytest.fixture(scope="module")
def drawn(folder):
    cells = Study({Cell("smiley,f=.2", "alpha", 0, {}): Measured(figures(), folder)})
    return pictured(cells, "smiley,f=.2", "alpha", rows=30)


class TestPictures:
    def test_a_traversal_runs_from_a_scale_below_the_absent_to_a_scale_above_the_present(self, drawn):
        prior = drawn.run.pair.model.prior
        absent, present = (prior.conditional(torch.full((4,), y)).base_dist for y in (0.0, 1.0))
        levels = drawn.levels(1, steps=5)
        block = prior.blocks[1]
        ends = torch.stack([absent.loc[block] - absent.scale[block], present.loc[block] + present.scale[block]])
        assert (present.loc[block] > absent.loc[block]).all()
        torch.testing.assert_close(levels[[0, 4]], ends.detach())
        middle = (absent.loc[block] + present.loc[block]) / 2
        torch.testing.assert_close(levels[1:4], torch.stack([absent.loc[block], middle, present.loc[block]]).detach())

    def test_a_traversal_goes_the_other_way_where_the_absent_lies_above(self, drawn):
        flipped = type(drawn)(drawn.run, "", drawn.y, drawn.code, drawn.loc.flip(0), drawn.scale.flip(0))
        torch.testing.assert_close(flipped.levels(2), drawn.levels(2).flip(0))

    def test_codes_are_those_of_the_guide_and_rows_named_by_their_labels(self, drawn):
        posterior = drawn.run.posterior("test", 30)
        torch.testing.assert_close(drawn.code, torch.cat([posterior["c"].mean, posterior["z"].mean], -1))
        row = int((drawn.y.sum(1) == 2).nonzero()[0])
        assert drawn.has(row) == ", ".join(name for name, y in zip(drawn.labels, drawn.y[row], strict=True) if y)

    def test_a_swap_has_the_characteristics_of_its_row_and_the_style_of_its_column(self, drawn):
        figure = draw_swaps(drawn)
        rows = different(drawn.y, 6)
        columns = [n for n in range(30) if n not in rows][:9]
        code = torch.cat([drawn.code[rows[1], :8], drawn.code[columns[2], 8:]])
        shown = figure.axes[9 + 10 + 1 + 2].get_images()[0].get_array()  # the columns, the first row, this row's A
        np.testing.assert_allclose(shown, drawn.run.decode(code)[0], atol=1e-6)  # pyright: ignore

    def test_what_a_traversal_draws_is_decoded_from_the_moved_block(self, drawn):
        figure = draw_traversals(drawn)
        code = drawn.code[0].clone()
        code[drawn.blocks[0]] = drawn.levels(0)[-1]
        np.testing.assert_allclose(figure.axes[8].get_images()[0].get_array(), drawn.run.decode(code)[0], atol=1e-6)  # pyright: ignore
        classifier = drawn.run.pair.guide.guide.posterior.classifier
        told = classifier(code[:8]).sigmoid()[0].item()
        assert np.array(figure.axes[9].lines[0].get_ydata())[-1] == pytest.approx(told, abs=1e-6)

    def test_two_labels_move_at_once_and_are_those_that_tell_most(self, drawn):
        cells = study(
            {("smiley,f=.2", "alpha", s): figures(changed={"block information": [0.1, 2.0, 0.3, 3.0]}) for s in (0, 1)}
        )
        assert told_most(cells, "smiley,f=.2", "alpha") == (1, 3)
        figure = draw_two_labels(drawn, (1, 3))
        code = drawn.code[0].clone()
        code[drawn.blocks[1]], code[drawn.blocks[3]] = drawn.levels(1, 7)[-1], drawn.levels(3, 7)[0]
        np.testing.assert_allclose(figure.axes[42].get_images()[0].get_array(), drawn.run.decode(code)[0], atol=1e-6)  # pyright: ignore

    @pytest.mark.parametrize("draw", [draw_swaps, draw_traversals, draw_diverse, draw_variance])
    def test_pictures_stay_on_their_sheets_and_are_the_same_each_time(self, drawn, draw):
        assert_on_the_sheet(draw(drawn))
        assert_the_same_file_twice(lambda: draw(drawn))


def links(text: str) -> set[str]:
    return set(re.findall(r"\]\(figures/new/([^)]*)\)", text))


def test_a_section_of_no_cell_has_its_title_and_no_figure(tmp_path):
    (tmp_path / "new").mkdir()
    text = write_results({}, tmp_path / "new", "Nothing yet")
    assert text.startswith("## Nothing yet")
    assert "CelebA was not trained here" in text
    assert not links(text)
    assert not list((tmp_path / "new").iterdir())
    assert "###" not in text


def test_a_section_has_the_numbers_of_its_figures_and_every_figure_it_links_to(tmp_path, folder):
    names = ["smiley,f=.06", "smiley,f=1", "digits,f=1"]
    cells = {}
    for name in names:
        for method in ("exact", "alpha", "official", "mvae"):
            for seed in (0, 1):
                better = -0.1 * seed - (5.0 if method != "official" else 0.0)
                made = figures(0.8, 100.0 + better, CLASSES if name.startswith("digits") else None)
                if name.startswith("smiley"):
                    made["classes"], made["block information"] = (
                        ["bow tie", "hat", "eyes", "mouth"],
                        [1.0, 2.0, 3.0, 4.0],
                    )
                    for key in ("diversity", "diversity share", "diversity chance"):
                        made[key] = [0.5] * 4
                    made["selectivity"] = None
                    made["block swap"] = None
                cells[Cell(name, method, seed, {})] = Measured(made, folder if seed == 0 else Path("none"))
    (tmp_path / "new").mkdir()
    text = write_results(cells, tmp_path / "new", "Small")
    assert links(text) == {file.name for file in (tmp_path / "new").iterdir()}
    pictures = {f"{kind}-smiley.png" for kind in ("swaps", "walks", "two", "diverse", "variance")}
    assert links(text) == {"accuracy.png"} | pictures
    assert "*smiley, f = .06, CCVAE, exact + alpha*" in text
    assert "holds on every set and at every f." in text
    assert "80.0 ± 0.0" in text
    assert "Gradients side by side" not in text
    assert "Further settings" not in text


def test_a_section_with_celeba_has_the_sources_figures(tmp_path):
    (tmp_path / "new").mkdir()
    cells = {Cell("celeba,f=.004", "m2", 0, {}): Measured(figures(0.7), Path("none"))}
    text = write_results(cells, tmp_path / "new", "Faces")
    assert row(text, "the source's M2") == ["79.4"]
    assert "not trained here" not in text
