"""What the experiment says of its cells: each table's numbers are those of the figures, and missing cells are borne."""

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pellucid import Batch, data, fit, zoo
from pellucid.data import DataSet
from pellucid.experiments.cell import Cell
from pellucid.experiments.influential_factors import write_results
from pellucid.experiments.influential_factors.inversions import inversions
from pellucid.experiments.influential_factors.measure import measure
from pellucid.experiments.influential_factors.panels import draw_counts
from pellucid.experiments.influential_factors.reference import ACCURACY
from pellucid.experiments.influential_factors.tables import (
    accuracy_table,
    disentanglement_table,
    emotion_table,
    error_table,
    factor_table,
    inversion_table,
    known_dimension_table,
    spectrum_table,
    worst_table,
)
from pellucid.experiments.influential_factors.variants import swept, titled
from pellucid.experiments.measures import Measured
from pellucid.experiments.preset import read_preset
from pellucid.experiments.study import Study
from pellucid.inference.training.build import build

D, KS = 4, [0, 1, 4]
WAYS = ("top", "gaussian", "random", "bottom")


def figures(**changed: Any) -> dict[str, Any]:
    by_number = {way: [[0.1 * i + 0.01 * k] for i in range(3)] for k, way in enumerate(WAYS)}
    by_number["random"] = [[0.1], [0.2, 0.4], [0.9]]
    made = {
        "dim": D,
        "rows": 1000,
        "information": [2.0, 1.0, 0.5, 0.01],
        "standard_error": [0.01] * D,
        "informative": 3,
        "used": 2,
        "gaussian": [2.1, 1.1, 1.5, 0.02],
        "matched": [2.0, 1.1, 1.0, 0.02],
        "kl": [2.2, 1.2, 1.6, 0.03],
        "mean_variance": [0.9, 0.8, 0.02, 0.001],
        "variance": [1.0, 1.1, 0.9, 0.98],
        "-bound": 100.0,
        "row": [0.2, 0.1, 0.05, None],
        "class": [0.5, 0.4, 0.2, None],
        "ks": KS,
        "error": by_number,
        "accuracy": {
            "zeroed": by_number,
            "refit": by_number,
            "drawn": {"top": [[0.1], [0.3], [0.8]]},
            "ceiling": [0.3, 1.0, 1.0],
            "majority": 0.1,
        },
        "seconds": 1.0,
    }
    return made | changed


def config(beta: float = 6.0, data: str = "mnist5k", network: str = "mlp", **arguments: Any) -> dict[str, Any]:
    pair = {"class_path": "pellucid.zoo.beta_vae", "init_args": {"beta": beta, "network": network}}
    return {"pair": pair, "data": {"class_path": f"pellucid.data.{data}", "init_args": arguments}, "fit": {}}


def study(cells: dict[tuple[str, str, int], tuple[dict[str, Any], dict[str, Any]]]) -> Study:
    return Study({Cell(*key, made): Measured(found, Path("none")) for key, (made, found) in cells.items()})


ONE = study({("mnist5k", "reference", seed): (config(), figures(**{"-bound": 100.0 + 2 * seed})) for seed in (0, 1)})


def row(table: str, *begins: str) -> list[str]:
    """The cells of the row that begins with these."""
    lines = [line.strip("| ").split(" | ") for line in table.splitlines()]
    (found,) = [line for line in lines if tuple(line[: len(begins)]) == begins]
    return found


class TestTables:
    def test_the_spectrum_counts_and_adds_up(self):
        cells = row(spectrum_table(ONE, "mnist5k"), "H 4, beta 6, mlp")
        assert cells[1] == "101.0 ± 12.7"
        counted = ["3.0 ± 0.0", "2.0 ± 0.0", "3.0 ± 0.0"]  # informative, used, active units
        assert cells[2:5] == counted
        assert cells[5:9] == ["3.5 ± 0.0", "4.7 ± 0.0", "2.00 ± 0.00", "0.50 ± 0.00"]
        assert cells[9:] == ["0.90 to 1.10", "0.98 to 0.98"]

    def test_the_sources_figures_stand_beside_mnist_and_no_other(self):
        source = row(spectrum_table(ONE, "mnist5k"), "the source's, MNIST, H 128, beta 6")
        assert {"15", "33", "3.33", "1.25"} <= set(source)
        other = study({("fashion_mnist", "reference", 0): (config(), figures())})
        assert "source" not in spectrum_table(other, "fashion_mnist") + accuracy_table(other, "fashion_mnist")

    def test_accuracies_are_means_over_the_choices_of_a_seed_in_per_cent(self):
        table = accuracy_table(ONE, "mnist5k")
        assert row(table, "1")[1:6] == ["–", "10.0 ± 0.0", "11.0 ± 0.0", "30.0 ± 0.0", "13.0 ± 0.0"]
        assert row(table, "4")[1] == f"{ACCURACY[4]:.2f}"
        assert row(table, "1")[-2:] == ["30.0 ± 0.0", "100.0 ± 0.0"]
        assert [line.split(" | ")[0].strip("| ") for line in table.splitlines()[2:]] == ["4", "1", "0"]

    def test_errors_are_those_of_the_figures(self):
        cells = row(error_table(ONE, ["mnist5k"]), "mnist5k", "1")
        assert cells[2:] == ["0.100 ± 0.000", "0.110 ± 0.000", "0.300 ± 0.000", "0.130 ± 0.000"]

    def test_a_pair_in_the_wrong_order_is_counted_and_told_with_what_it_is_good_for(self):
        cells = row(inversion_table(ONE), "mnist5k", "H 4, beta 6, mlp")
        assert cells[2:] == ["6", "2", "0", "2", "0"]  # pairs of two seeds; the paper's, about the mean, KL, variance
        worst = worst_table(ONE)
        assert worst is not None
        cells = row(worst, "mnist5k, H 4, beta 6, mlp, seed 1: z1 and z2")
        assert cells[1:] == ["1.00 and 0.50", "1.10 and 1.50", "10.0 and 5.0", "40.0 and 20.0"]

    def test_an_estimator_that_ranks_rightly_has_no_worst_pair(self):
        assert worst_table(study({("a", "b", 0): (config(), figures(gaussian=[3, 2, 1, 0]))})) is None

    def test_dimensions_counted_stand_beside_dimensions_there_are(self):
        truth = {"names": ["sign 0", "factor 1", "factor 2"]}
        cells = {("surface", "beta=4", 0): (config(4.0, "manifold", dim=3, signs=1), figures(truth=truth))}
        assert row(known_dimension_table(study(cells), ["surface"]), "surface")[2:] == ["3", "1", "3.0", "2.0", "3.0"]

    def test_factors_found_are_counted_and_ranked(self):
        scores = ("mig", "disentanglement", "completeness", "informativeness", "sap", "modularity")
        truth = dict.fromkeys(scores, 0.25) | {"names": ["hat", "width"]}
        found = [
            truth | {"share": [0.9, 0.05], "rank": [1, 2], "found": [True, False]},
            truth | {"share": [0.7, None], "rank": [3, None], "found": [True, False]},
        ]
        cells = {("faces", "beta=4", s): (config(4.0, "smiley"), figures(truth=each)) for s, each in enumerate(found)}
        assert row(disentanglement_table(study(cells), ["faces"]), "faces")[3] == "1.0 ± 0.0 of 2"
        table = factor_table(study(cells), "faces")
        assert row(table, "hat")[1] == "**0.80 ± 1.27** (rank 1, 3)"
        assert row(table, "width")[1] == "0.05"

    def test_emotions_are_means_over_choices_and_seeds(self):
        reads = [[{"window": 0.5, "trial": 0.6}, {"window": 0.7, "trial": 0.8}]]
        label = {
            "majority": 0.55,
            "trial majority": 0.56,
            "accuracy": dict.fromkeys(("top", "random", "bottom"), reads),
        }
        emotion = {"ks": [1], "labels": {"valence": label}}
        cells = {("waves", "dense", 0): (config(1.0, "deap"), figures(emotion=emotion))}
        table = emotion_table(study(cells), "waves")
        assert row(table, "valence", "1")[2:] == ["60.0"] * 3 + ["70.0"] * 3
        assert row(table, "valence", "a constant answer")[2:] == ["55.0", "–", "–", "56.0", "–", "–"]


class TestSweeps:
    cells = study(
        {
            ("a", "reference", 0): (config(network="conv"), figures(dim=8)),
            ("a", "H=8", 0): (config(), figures(dim=8)),
            ("a", "H=2", 0): (config(), figures(dim=2)),
            ("a", "H=32", 0): (config(), figures(dim=32)),
            ("a", "beta=1", 0): (config(1.0), figures(dim=8)),
        }
    )

    def test_a_sweep_changes_one_setting_only_and_is_in_its_order(self):
        assert swept(self.cells, "a", "H") == ["H=2", "H=8", "H=32"]
        assert swept(self.cells, "a", "beta") == ["beta=1", "H=8"]
        assert titled(self.cells, "a", "reference") == "H 8, beta 6, conv"

    def test_the_figure_has_a_line_of_panels_for_a_set_that_sweeps_both_and_none_for_others(self):
        figure = draw_counts(self.cells, ["a"])
        assert figure is not None
        assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["2", "8", "32"]
        assert figure.axes[1].lines[0].get_xdata() == pytest.approx(np.array([1.0, 6.0]))
        assert draw_counts(ONE, ["mnist5k"]) is None


def links(text: str) -> set[str]:
    return set(re.findall(r"\]\(figures/new/([^)]*)\)", text))


def test_a_section_of_no_cell_shows_the_estimators_and_links_to_figures_that_are_there(tmp_path):
    (tmp_path / "new").mkdir()
    text = write_results({}, tmp_path / "new", "Nothing yet")
    assert text.startswith("## Nothing yet")
    assert links(text) == {file.name for file in (tmp_path / "new").iterdir()} == {"aggregates.png", "estimators.png"}
    unimodal, clusters = (row(text, name)[1:4] for name in ("unimodal", "two clusters"))
    assert unimodal == ["1.20 (2)", "1.20 (2)", "1.20 (4)"]
    assert clusters == ["0.71 (3)", "0.71 (3)", "2.31 (3)"]


def test_a_section_of_runs_has_the_numbers_of_their_figures_and_every_figure_it_links_to(tmp_path):
    def cell(name: str, rows: DataSet, pair: Any) -> tuple[Cell, Measured]:
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # runs so small may collapse
            folder = tmp_path / name
            run = fit(pair, rows, epochs=4, lr=1e-2, batch_size=50, folder=folder, progress=False)
        return Cell(name, "reference", 0, run.config), Measured(measure(run), folder)

    digits = data.digits(rows=300, validation=50, test=120)
    rows = data.manifold(dim=2, rows=300, validation=50, test=120)
    cells = dict(
        [
            cell("digits", digits, zoo.beta_vae(digits, beta=1.0, dim=3, hidden=(32,))),
            cell("surface", rows, zoo.beta_vae(rows, beta=1.0, dim=3, hidden=(32,), likelihood="normal")),
        ]
    )
    (tmp_path / "new").mkdir()
    text = write_results(cells, tmp_path / "new", "Small")
    assert links(text) == {file.name for file in (tmp_path / "new").iterdir()}
    images = {
        "stem-digits.png",
        "walks-digits.png",
        "kept-digits.png",
        "drawn-digits.png",
        "accuracy-zeroed-digits.png",
    }
    assert images <= links(text)
    wrong = inversions(cells[next(cell for cell in cells if cell.set == "surface")].figures).wrong
    assert ("scatter-surface.png" in links(text)) == (wrong > 0)
    found = next(iter(cells.values())).figures
    assert row(text, "H 3, beta 1, mlp")[1] == f"{found['-bound']:.1f}"
    assert row(text, "3")[5] == f"{100 * found['accuracy']['refit']['top'][-1][0]:.1f}"


@pytest.mark.parametrize("preset", ["desk", "paper", "celeba", "deap"])
def test_every_cell_of_a_preset_builds(preset):
    cells = read_preset("influential_factors", preset).cells
    variants = {(cell.config["data"]["class_path"], cell.variant): cell.config for cell in cells}
    shapes = {"manifold": (1, 16, 16), "smiley": (1, 32, 32), "celeba": (3, 64, 64), "deap": (10, 32, 4)}
    for (path, _), made in variants.items():
        shape = shapes.get(path.rpartition(".")[2], (1, 28, 28))
        rows = Batch(torch.rand(4, *shape))
        tiny = DataSet("tiny", rows, rows, rows, (), "torch.rand")
        assert build(made["pair"], data=tiny)(rows.x).loss.isfinite()


def test_the_paper_preset_is_the_sources_setting():
    first, *_ = read_preset("influential_factors", "paper").cells
    assert (first.set, first.variant) == ("mnist", "reference")
    arguments = first.config["pair"]["init_args"]
    assert arguments == {"dim": 128, "beta": 6.0, "network": "conv", "likelihood": "normal"}
    assert first.config["fit"] == {"epochs": 100, "batch_size": 100, "lr": 0.001, "seed": 0}
    assert first.config["data"]["init_args"] == {"validation": 10000}
