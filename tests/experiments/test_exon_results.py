"""What the experiment says of its cells: numbers, intervals and sentences follow the figures, and gaps are borne."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from pellucid import data, fit, zoo
from pellucid.diagnostics.subspace import decode_plane
from pellucid.experiments.cell import Cell
from pellucid.experiments.exon import measure, write_results
from pellucid.experiments.exon.aim import active_verdict, saved, steps, verdict
from pellucid.experiments.exon.panels import Space, draw_active, draw_betas, draw_spaces
from pellucid.experiments.exon.pictures import draw_bars, draw_lines, draw_planes, draw_varied, seen
from pellucid.experiments.exon.reference import PHOTOS, SWEEP
from pellucid.experiments.exon.tables import (
    ablation_table,
    active_table,
    beta_table,
    design_table,
    photo_table,
    rival_table,
)
from pellucid.experiments.exon.variants import betas
from pellucid.experiments.measures import Measured
from pellucid.experiments.study import Study
from tests.sheets import assert_on_the_sheet, assert_the_same_file_twice

SET = "mnist5k,labels=100"


def figures(error: float = 0.1, **changed: Any) -> dict[str, Any]:
    made = {
        "classes": list("0123456789"),
        "error": error,
        "information": 2.1,
        "seconds": 30.0,
        "kl": {"y": 1.8, "z": 5.0, "total": 6.8},
        "reconstruction": 60.0,
        "separation": 0.9,
        "activated": 2.0,
        "union": 2,
        "dimensions": 2,
        "change": {"active": 4.0, "inactive": 0.5, "dimension": [4.0, 0.5]},
        "diversity": 0.4,
        "v-nat": [[3.0, 0.2]] * 10,
    }
    return made | changed


def given(beta: float) -> dict[str, Any]:
    return {"pair": {"init_args": {"beta": beta / 4}}}


def study(cells: dict[tuple[str, str, int], dict[str, Any]], folder: Path = Path("none")) -> Study:
    """Cells whose beta is that of their name, 1 without one."""
    found = {}
    for (name, variant, seed), made in cells.items():
        beta = float(variant.rpartition("beta=")[2]) if "beta=" in variant else 1.0
        found[Cell(name, variant, seed, given(beta))] = Measured(made, folder)
    return Study(found)


def row(text: str | None, begins: str) -> list[str]:
    """The cells of the row with this name."""
    assert text is not None
    lines = [line.strip("| ").split(" | ") for line in text.splitlines()]
    (found,) = [line[1:] for line in lines if line[0] == begins]
    return found


def names(text: str | None) -> list[str]:
    assert text is not None
    return [line.split(" | ")[0].strip("| ") for line in text.splitlines()[2:]]


def written(values: list[float], digits: int) -> str:
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
    return f"{np.mean(values):.{digits}f} ± {half:.{digits}f}"


class TestAgainstBeta:
    cells = study(
        {
            (SET, "beta=50", 0): figures(0.05, diversity=None),
            (SET, "exon", 0): figures(0.1),
            (SET, "exon", 1): figures(0.2, kl={"y": 1.9, "z": 6.0, "total": 7.9}),
            (SET, "beta=.1", 0): figures(0.3),
            (SET, "D=32,beta=.1", 0): figures(),
            (SET, "m2", 0): figures(),
        }
    )

    def test_betas_are_the_sources_and_ascend_and_other_variants_are_left_out(self):
        assert betas(self.cells, SET) == {0.1: "beta=.1", 1.0: "exon", 50.0: "beta=50"}
        assert betas(self.cells, SET, 32) == {0.1: "D=32,beta=.1"}
        own = study({(SET, "exon", 0): figures(), (SET, "beta=1", 0): figures()})
        assert betas(own, SET) == {1.0: "beta=1"}

    def test_figures_are_means_over_seeds_with_the_sources_below_each(self):
        table = beta_table(self.cells, SET)
        assert names(table) == [f"beta {b}{s}" for b in (".1", "1", "50") for s in ("", ", the source on MNIST")]
        assert row(table, "beta 1") == [
            written([10, 20], 1), written([6.8, 7.9], 2), written([1.8, 1.9], 2), written([5, 6], 2),
            "60.0 ± 0.0", "0.400 ± 0.000", "90.0 ± 0.0",
        ]  # fmt: skip
        assert row(table, "beta 50")[-2] == "–"
        assert row(table, "beta 50, the source on MNIST") == ["3.38", "1.86", "1.85", "0.005", "87.7", "0.316", "–"]

    def test_the_source_stands_beside_digits_alone_and_a_single_beta_is_no_table(self):
        coats = study({("coats,labels=9", v, 0): figures() for v in ("exon", "beta=5")})
        assert names(beta_table(coats, "coats,labels=9")) == ["beta 1", "beta 5"]
        assert beta_table(study({(SET, "exon", 0): figures()}), SET) is None

    def test_the_sources_divergence_is_the_sum_of_its_parts(self):
        for found in SWEEP.values():
            assert found["kl"] == pytest.approx(found["kl(y)"] + found["kl(z)"], abs=0.011)

    def test_the_figure_has_the_means_and_the_sources_points(self):
        figure = draw_betas(self.cells, SET)
        assert figure is not None
        error, divergence, *_ = figure.axes
        lines = {line.get_label(): line for line in error.lines}
        np.testing.assert_allclose(np.array(lines["here"].get_data()), [[0.1, 1, 50], [30, 15, 5]])
        theirs = lines["the source, MNIST, one run"]
        np.testing.assert_allclose(np.array(theirs.get_ydata()), [3.29, 3.25, 3.46, 3.74, 4.07, 3.38])
        np.testing.assert_allclose(np.array(divergence.lines[0].get_ydata()), [6.8, 7.35, 6.8])
        assert_on_the_sheet(figure)
        assert_the_same_file_twice(lambda: draw_betas(self.cells, SET))
        assert draw_betas(study({(SET, "exon", 0): figures()}), SET) is None


def rivals(shares: list[float], method: str = "exon", name: str = SET) -> dict[tuple[str, str, int], dict[str, Any]]:
    """A method and the plain classifier, by the share of errors that each seed saves."""
    cells = {}
    for seed, share in enumerate(shares):
        plain = 0.2 + 0.1 * seed
        cells[name, "classifier", seed] = figures(plain, kl={"y": 1.7, "total": 1.7}, reconstruction=None)
        cells[name, method, seed] = figures(plain * (1 - share))
    return cells


class TestTheRivals:
    def test_errors_saved_are_shares_by_runs_of_one_seed(self):
        cells = study(rivals([0.5, 0.6, 0.4]) | {(SET, "exon", 9): figures(0.9)})  # the last without its classifier
        assert saved(cells, SET, "exon").share.written(4) == written([0.5, 0.6, 0.4], 4)
        table = rival_table(cells, SET)
        assert row(table, "EXoN")[1] == written([50, 60, 40], 1)
        assert row(table, "plain classifier") == [
            written([20, 30, 40], 1),
            "–",
            "1.70 ± 0.00",
            "–",
            "–",
            *["90.0 ± 0.0", "2.10 ± 0.00", "30 ± 0"],
        ]

    def test_a_classifier_without_an_error_has_none_to_save(self):
        cells = study({(SET, "exon", 0): figures(0.1), (SET, "classifier", 0): figures(0.0)})
        assert saved(cells, SET, "exon").share.seeds == 0
        assert verdict(cells, "exon") is None

    def test_methods_stand_in_their_order_and_all_divergences_but_the_classes_are_one(self):
        cells = rivals([0.5]) | {
            (SET, "diva", 0): figures(kl={"c": 3.0, "y": 1.0, "z": 2.5, "total": 6.5}),
            (SET, "m2", 0): figures(),
            (SET, "without-kl", 0): figures(),
        }
        table = rival_table(study(cells), SET)
        assert names(table) == ["EXoN", "M2", "DIVA", "plain classifier"]
        assert row(table, "DIVA")[2:4] == ["1.00", "5.50"]
        assert rival_table(study({(SET, "exon", 0): figures()}), SET) is None

    @pytest.mark.parametrize(
        ("shares", "standing"),
        [
            ([0.5, 0.52, 0.48], "holds"),
            ([0.3, 0.3, 0.3], "holds"),
            ([0.5, 0.1, 0.6], "in the mean"),
            ([0.2, 0.25, 0.2], "fails"),
            ([-1.0, -0.5, -0.7], "fails"),
            ([0.9], "undecided"),
        ],
    )
    def test_the_standing_follows_the_interval(self, shares, standing):
        assert saved(study(rivals(shares)), SET, "exon").standing == standing

    def test_the_sentence_says_so_where_the_aim_holds_everywhere(self):
        cells = rivals([0.5, 0.5, 0.5]) | rivals([0.4, 0.4, 0.4], name="fashion_mnist,labels=100")
        assert verdict(study(cells), "exon") == (
            "The aim, EXoN at least 30 % fewer errors than the plain classifier on the same labels, holds on mnist5k, "
            "100 labels (50.0 %); fashion mnist, 100 labels (40.0 %), by the whole of the interval."
        )

    def test_the_sentence_says_where_it_fails_and_where_it_is_not_certain(self):
        sets = {"a": [0.5, 0.5], "b": [0.5, 0.1, 0.6], "c": [0.1, 0.2], "d": [0.5]}
        cells = {
            key: made
            for name, shares in sets.items()
            for key, made in rivals(shares, "shot_vae", f"{name},labels=9").items()
        }
        assert verdict(study(cells), "shot_vae") == (
            "The aim, SHOT-VAE at least 30 % fewer errors than the plain classifier on the same labels, holds by the "
            "whole of the interval on a, 9 labels (50.0 %). It holds in the mean alone on b, 9 labels (40.0 %). It "
            "fails on c, 9 labels (15.0 %). It is not decided by one seed on d, 9 labels (50.0 %)."
        )
        assert verdict(study(cells), "exon") is None


def fall(*counts: list[float], name: str = SET) -> Study:
    """Activated dimensions at betas .1, 1, 5 and so on, a number for each seed."""
    swept = ["D=32,beta=.1", "D=32,beta=1", "D=32,beta=5", "D=32,beta=50"]
    return study(
        {
            (name, variant, seed): figures(activated=number, union=number + 1, dimensions=32)
            for variant, of in zip(swept, counts, strict=False)
            for seed, number in enumerate(of)
        }
    )


class TestActivated:
    def test_a_step_is_of_runs_of_one_seed(self):
        found = steps(fall([20.0, 30.0], [15.0, 21.0]), SET, 32)
        assert found[0.1, 1.0].written(3) == written([-5, -9], 3)

    @pytest.mark.parametrize(
        ("counts", "said"),
        [
            (([26, 27, 25], [9, 10, 9], [1, 0, 1], [0, 0, 0]), "under a quarter, holds."),
            (([26, 27, 25], [0, 0, 0], [0, 0, 0]), "under a quarter, holds."),
            (([16, 16, 16], [0, 0, 0]), "fails: they are no more than half at the start."),
            (([26, 27, 25], [8, 8, 8]), "fails: they are no less than a quarter at the end."),
            (([26, 27, 25], [2, 2, 2], [4, 4, 5]), "fails: they rise from beta 1 to 5."),
            (
                ([26, 27, 25], [2, 2, 2], [2, 2, 5]),
                "holds in the mean alone. Their mean rises by less than its interval from beta 1 to 5.",
            ),
            (([26], [3]), "under a quarter, is not decided by one seed."),
            (([16, 36, 16], [3, 3, 3]), "under a quarter, holds in the mean alone."),
            (
                ([9], [10]),
                "half at the start; they are no less than a quarter at the end; they rise from beta .1 to 1.",
            ),
        ],
    )
    def test_the_sentence_follows_the_numbers(self, counts, said):
        found = active_verdict(fall(*counts), SET, 32)
        assert found is not None
        assert found.endswith(said)

    def test_the_ends_are_told_with_their_intervals(self):
        found = active_verdict(fall([26, 27, 25], [1, 2, 1]), SET, 32)
        assert found is not None
        assert found.startswith(
            f"On mnist5k, 100 labels at D = 32, {written([26, 27, 25], 1)} dimensions are activated at beta .1 and "
            f"{written([1, 2, 1], 1)} at beta 1, means over the classes."
        )
        assert active_verdict(fall([26]), SET, 32) is None

    def test_the_table_has_what_varying_changes(self):
        table = active_table(fall([26, 28], [2, 2]), SET, 32)
        assert row(table, "beta .1")[:4] == [written([26, 28], 1), written([27, 29], 1), "4.00 ± 0.00", "0.50 ± 0.00"]
        assert active_table(fall([1]), SET, 16) is None

    def test_the_figure_has_the_means_and_the_lines_of_the_aim(self):
        cells = fall([26, 28], [9, 9], [0, 0])
        figure = draw_active(cells, SET, 32)
        assert figure is not None
        counted, changed = figure.axes
        lines = {line.get_label(): np.array(line.get_ydata()) for line in [*counted.lines, *changed.lines]}
        np.testing.assert_allclose(lines["mean over classes"], [27, 9, 0])
        np.testing.assert_allclose(lines["for a class or more"], [28, 10, 1])
        np.testing.assert_allclose(lines["along another"], [0.5, 0.5, 0.5])
        assert {float(np.mean(line.get_ydata())) for line in counted.lines} >= {16.0, 8.0}
        assert_on_the_sheet(figure)
        assert draw_active(fall([1]), SET, 32) is None


class TestOtherTables:
    def test_parts_are_taken_away_in_their_order(self):
        there = {(SET, v, 0): figures(separation=s) for v, s in (("without-kl", 0.2), ("bare", 0.4), ("exon", 0.9))}
        table = ablation_table(study(there), SET)
        assert names(table) == ["EXoN", "the bound and its cross-entropy alone", "without the divergences"]
        assert row(table, "without the divergences")[1] == "20.0"
        assert ablation_table(study({(SET, "exon", 0): figures()}), SET) is None

    def test_radii_ascend_by_their_numbers(self):
        cells = study({("two,labels=20", f"R={r}", 0): figures(overlap=r / 100) for r in (12, 4, 16, 8)})
        table = design_table(cells, "two,labels=20")
        assert names(table) == ["R = 4", "R = 8", "R = 12", "R = 16"]
        assert row(table, "R = 12")[2] == "12.0"
        assert design_table(study({(SET, "exon", 0): figures()}), SET) is None

    def test_the_sources_photographs_stand_beside_ours_alone(self):
        name = "cifar10,labels=4000"
        cells = {(name, "exon", 0): figures(0.08, activated=111.0), (name, "diva", 0): figures(0.5)}
        table = photo_table(study(cells), name)
        assert row(table, "EXoN: error, %") == ["8.0", "7.27"]
        assert row(table, "MixMatch: error, %") == ["–", f"{PHOTOS['MixMatch']:g}"]
        assert row(table, "DIVA: error, %") == ["50.0", "–"]
        assert row(table, "EXoN: activated dimensions") == ["111", "115"]
        assert photo_table(study(rivals([0.5])), name) is None


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, tuple[Path, dict[str, Any]]]:
    """Runs of a few epochs, in two dimensions and in twelve, with two classes; and what was measured of them."""
    place = tmp_path_factory.mktemp("exon")
    digits, two = data.digits(rows=300, labels=50, test=100), data.digits(classes=[0, 1], validation=30, test=60)
    narrow = {"dim": 12, "centres": "one-hot", "scale": 0.3, "rest": 1.0}
    options = {"plane": (digits, {}), "many": (digits, narrow), "two": (two, {"centres": [[-4.0, 0], [4.0, 0]]})}
    found = {}
    for name, (rows, given) in options.items():
        torch.manual_seed(0)
        pair = zoo.exon(rows, hidden=(32,), **given)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # runs so small may collapse
            run = fit(pair, rows, epochs=2, batch_size=50, lr=1e-2, folder=place / name, progress=False)
        found[name] = run.folder, measure(run)
    return found


@pytest.fixture(scope="module")
def cells(folders) -> dict[Cell, Measured]:
    def cell(name: str, variant: str, seed: int, which: str, beta: float, **changed: Any) -> tuple[Cell, Measured]:
        folder, found = folders[which]
        return Cell(name, variant, seed, given(beta)), Measured(found | changed, folder)

    plain = figures(0.9, kl={"y": 1.0, "total": 1.0}) | {"dimensions": None, "v-nat": None}
    made = dict(
        [
            cell(SET, "exon", 0, "plane", 1.0),
            cell(SET, "exon", 1, "plane", 1.0),
            cell(SET, "beta=50", 0, "plane", 50.0),
            cell(SET, "without-kl", 0, "plane", 1.0),
            cell(SET, "D=32,beta=.1", 0, "many", 0.1, activated=26.0),
            cell(SET, "D=32,beta=50", 0, "many", 50.0, activated=2.0),
            cell("zeros_and_ones,labels=20", "R=4", 0, "two", 5.0),
        ]
    )
    return made | {Cell(SET, "classifier", s, {}): Measured(plain, Path("none")) for s in (0, 1)}


class TestPictures:
    def test_a_code_is_that_of_the_most_probable_class_and_the_plane_has_its_images(self, cells):
        of = seen(Study(cells), SET, "exon", 40)
        posterior = of.run.pair.guide.guide.posterior
        x = of.run.split("test", 40).x
        with torch.no_grad():
            told = posterior.label(x, posterior.encoder(x)).probs.argmax(-1)
            expected = posterior.components(x).mean[torch.arange(40), told]
        torch.testing.assert_close(of.code, expected)
        assert of.names is None

    def test_planes_side_by_side_have_their_codes_above_and_their_images_below(self, cells):
        study = Study(cells)
        figure = draw_planes(study, {"one": (SET, "exon"), "two": (SET, "beta=50")}, "Planes")
        first, below, _, _ = figure.axes
        assert first.get_title(loc="left") == "one"
        assert first.get_xlim() == below.get_xlim()
        assert len(first.collections[0].get_offsets()) == 100
        picture = np.asarray(below.get_images()[0].get_array())
        assert picture.shape == (16 * 8, 16 * 8)
        of = seen(study, SET, "exon")
        corner = torch.tensor([[-17.0, 17.0]])  # two standard deviations of 2 about a circle of 12.94
        np.testing.assert_allclose(picture[:8, :8], of.run.decode(corner)[0, 0], atol=1e-6)
        assert_on_the_sheet(figure)
        assert_the_same_file_twice(lambda: draw_planes(study, {"one": (SET, "exon")}, "Planes"))

    def test_a_single_plane_has_its_images_to_the_right(self, cells):
        figure = draw_planes(Study(cells), {"one": (SET, "exon")}, "A plane")
        codes, images = (axes.get_position() for axes in figure.axes)
        assert images.x0 > codes.x1
        assert images.y0 == codes.y0
        assert_on_the_sheet(figure)

    def test_codes_beyond_the_edge_are_counted_and_named_classes_have_a_legend(self, cells):
        of = seen(Study(cells), SET, "exon")
        plane = decode_plane(of.run.decode, of.loc[0], (-1.0, 1.0), steps=3)
        code = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, -9.0]])
        y, loc = np.array([0, 1, 1]), np.array([[0.0, 0.0], [0.5, 0.5]])
        figure = draw_spaces([Space("", code, y, loc, np.full((2, 2), 0.01), plane)], "Two", ["shirt", "coat"])
        assert "2 beyond" in [text.get_text() for text in figure.axes[0].texts]
        assert [text.get_text() for text in figure.legends[0].get_texts()] == ["0  shirt", "1  coat"]
        assert_on_the_sheet(figure)

    def test_what_is_varied_is_decoded_about_the_centre_of_the_rows_class(self, cells):
        study = Study(cells)
        figure = draw_varied(study, SET, "D=32,beta=.1", "Varied")
        assert figure is not None
        of = seen(study, SET, "D=32,beta=.1", 1)
        k = int(of.y[0])
        value = np.array(study.values(SET, "D=32,beta=.1", "v-nat")[0])[k]
        j = int(np.argmax(value))
        assert figure.axes[0].get_ylabel() == f"z{j}, V-nat {value[j]:.1f}"
        code = of.code[0].clone()
        code[j] = of.loc[k, j] - 3 * of.scale[k, j]
        shown = np.asarray(figure.axes[0].get_images()[0].get_array())
        np.testing.assert_allclose(shown, of.run.decode(code)[0], atol=1e-6)
        assert_on_the_sheet(figure)

    def test_lines_run_from_code_to_code_of_a_class_and_from_centre_to_centre(self, cells):
        figure = draw_lines(Study(cells), SET, "exon", "Lines")
        of = seen(Study(cells), SET, "exon")
        names = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
        assert names[3:] == ["0 to 1", "0 to 2", "0 to 5"]
        k = int(names[1].removeprefix("within "))
        told = of.code[(of.y == k) & (of.guess == k)]  # a row taken for another class would lead out of its own
        for tile, code in ((9, told[0]), (17, told[1]), (27, of.loc[0]), (35, of.loc[1])):
            shown = np.asarray(figure.axes[tile].get_images()[0].get_array())
            np.testing.assert_allclose(shown, of.run.decode(code)[0], atol=1e-6)
        assert_on_the_sheet(figure)

    def test_bars_are_those_of_the_lowest_seed_and_none_of_what_has_no_v_nat(self, cells):
        assert draw_bars(Study(cells), SET, "classifier", "Bars") is None
        figure = draw_bars(Study(cells), SET, "D=32,beta=.1", "Bars")
        assert figure is not None
        assert_on_the_sheet(figure)


def links(text: str) -> set[str]:
    return set(re.findall(r"\]\(figures/new/([^)]*)\)", text))


def test_a_section_of_no_cell_has_its_title_and_no_figure(tmp_path):
    (tmp_path / "new").mkdir()
    text = write_results({}, tmp_path / "new", "Nothing yet")
    assert text.startswith("## Nothing yet")
    assert "CIFAR-10 was not trained here" in text
    assert not links(text)
    assert "###" not in text


def test_a_section_has_the_numbers_of_its_figures_and_every_figure_it_links_to(tmp_path, cells):
    (tmp_path / "new").mkdir()
    text = write_results(cells, tmp_path / "new", "Small")
    assert links(text) == {file.name for file in (tmp_path / "new").iterdir()}
    mine = {f"{kind}-mnist5k-100.png" for kind in ("beta", "active", "planes", "lines", "varied")}
    assert links(text) == mine | {
        "bars-mnist5k-100-.1.png", "bars-mnist5k-100-50.png", "design-zeros_and_ones-20.png",
    }  # fmt: skip
    assert "mnist5k is not MNIST" in text
    assert "under a quarter, is not decided by one seed." in text
    assert "The aim, EXoN at least 30 % fewer errors" in text
    assert "The aim, SHOT-VAE" not in text
    error = next(iter(cells.values())).figures["error"]
    assert f"| EXoN | {100 * error:.1f} ± 0.0 |" in text


def test_a_section_with_photographs_has_the_sources_figures(tmp_path):
    (tmp_path / "new").mkdir()
    rows = {Cell("cifar10,labels=4000", "m2", 0, given(1.0)): Measured(figures(0.3, dimensions=None), Path("none"))}
    text = write_results(rows, tmp_path / "new", "Photographs")
    assert row(text, "M2: error, %") == ["30.0", "27.3"]
    assert "not trained here" not in text
