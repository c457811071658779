"""Several runs on one page: a column for each, what they differ in, and whose evidence is better, row by row."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pellucid import data, load, zoo
from pellucid.experiments.report import write_report
from pellucid.experiments.report.configured import differences
from pellucid.experiments.report.page import headings
from pellucid.experiments.report.quantities import differences as less_the_best
from pellucid.experiments.report.reading import read_run
from pellucid.inference import Run


@pytest.fixture(scope="module")
def three(tmp_path_factory, train) -> list[Run]:
    folder, rows = tmp_path_factory.mktemp("three"), data.digits(rows=200, validation=40, test=80)
    return [
        train(folder / f"dim-{dim}", rows, zoo.vae(rows, dim=dim, hidden=(16,)), epochs=epochs, lr=5e-3)
        for dim, epochs in ((4, 8), (2, 4), (3, 1))
    ]


@pytest.fixture(scope="module")
def side_by_side(three, read_page):
    return read_page(write_report(three[1], three[0], three[2]))


def test_every_quantity_has_a_column_for_each_run_in_the_order_given(three, side_by_side):
    for name in ("Bound", "Log evidence", "KL", "Used dimensions"):
        assert len(side_by_side.numbers[f"quantity {name}"]) == 3
    first, second, third = side_by_side.numbers["quantity Bound"]
    assert second > first > third  # by how long each was trained
    assert not (three[0].folder / "report.html").exists()


def test_the_differences_of_evidence_are_taken_row_by_row_against_the_best(three, side_by_side):
    readings = [read_run(run) for run in (three[1], three[0], three[2])]
    value = np.stack([reading.bounds.evidence.value for reading in readings])
    paired = value - value[value.mean(1).argmax()]
    shown = side_by_side.numbers["quantity Evidence less the best"]
    assert shown == pytest.approx(paired.mean(1), abs=1e-6)
    assert shown[1] == 0.0
    found = less_the_best(readings)
    assert found is not None
    error = paired.std(1, ddof=1) / np.sqrt(80)
    assert found[1][1] is None  # the best run less itself is no estimate
    assert [found[1][0], found[1][2]] == pytest.approx([error[0], error[2]])


def test_what_the_runs_differ_in_is_named_with_each_value(side_by_side):
    assert "pair.dim: 2 | 4 | 3" in side_by_side.text
    assert "fit.epochs: 4 | 8 | 1" in side_by_side.text


def test_the_page_says_whose_the_rest_is_and_how_to_write_it_again(three, side_by_side):
    assert "All that follows is of dim-2" in side_by_side.text
    folders = " ".join(str(run.folder) for run in (three[1], three[0], three[2]))
    assert f"pellucid report {folders}" in side_by_side.text


def test_runs_that_differ_in_one_short_thing_are_called_by_it_and_others_by_their_folders(three):
    assert headings(three, differences(three)) == ["dim-4", "dim-2", "dim-3"]
    assert headings(three, [("pair.dim", ("4", "2", "3"))]) == ["dim 4", "dim 2", "dim 3"]
    assert headings([three[0], three[0]], []) == ["dim-4 (1)", "dim-4 (2)"]
    assert headings(three[:1], []) == ["dim-4"]


def test_of_runs_on_other_test_rows_no_difference_is_taken(three, tmp_path, train, read_page):
    rows = data.digits(rows=200, validation=40, test=80, seed=1)
    other = train(tmp_path / "other", rows, zoo.vae(rows, dim=4, hidden=(16,)))
    page = read_page(write_report(other, three[0]))
    assert len(page.numbers["quantity Bound"]) == 2
    assert "quantity Evidence less the best" not in page.numbers
    assert "measured on different test rows" in page.text


def test_runs_that_differ_in_much_have_a_table_of_it(three, tmp_path, train, read_page):
    rows = three[0].data
    other = train(tmp_path / "other", rows, zoo.vsc(rows, dim=3, hidden=(8,)))
    page = read_page(write_report(other, three[0]))
    assert "The runs differ in" not in page.text
    settings = {given["data-setting"] for tag, given in page.tags if tag == "tr" and "data-setting" in given}
    assert settings == {name for name, _ in differences([other, three[0]])}
    assert {"pair", "pair.dim", "pair.alpha"} <= settings


def test_a_run_by_itself_is_compared_with_nothing(three, read_page):
    page = read_page(write_report(load(three[2].folder)))
    assert "quantity Evidence less the best" not in page.numbers
    assert "All that follows" not in page.text


def test_runs_on_images_of_other_shapes_are_refused_before_anything_is_written(three, tmp_path, train):
    rows = three[0].data
    wide = {name: part._replace(x=part.x.repeat(1, 1, 1, 2)) for name, part in rows.splits.items()}
    rows = replace(rows, **wide, recipe=None)
    other = train(tmp_path / "wide", rows, zoo.vae(rows, dim=2, hidden=(8,)))
    with pytest.raises(ValueError, match=r"wide.*8, 16.*cannot be compared"):
        write_report(three[0], other)
    assert not list(Path(three[0].folder).glob(".report*"))
