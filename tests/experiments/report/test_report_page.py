"""The page of a report as a document: whole, alone, escaped, and replaced as one."""

import base64
import shutil
from dataclasses import replace

import pytest
import torch

from pellucid import data, zoo
from pellucid.experiments.report import write_report
from pellucid.inference import Run


def test_the_page_asks_for_nothing_outside_itself(page):
    for tag, given in page.tags:
        assert tag not in ("link", "script", "iframe", "object")
        for name in ("src", "href", "srcset", "data", "action"):
            if name in given:
                assert str(given[name]).startswith("data:image/png;base64,")
    style = page.source[page.source.index("<style>") : page.source.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_every_tag_is_closed_and_a_phone_is_told_the_width(page):
    assert page.open == []
    assert ("viewport", "width=device-width, initial-scale=1") in {
        (given.get("name"), given.get("content")) for tag, given in page.tags if tag == "meta"
    }


def test_every_figure_of_the_folder_stands_on_the_page_byte_for_byte(sparse, page):
    files = list((sparse[0].folder / "figures").iterdir())
    shown = {str(given.get("src")).partition(",")[2] for tag, given in page.tags if tag == "img"}
    assert {file.stem for file in files} == {
        "heatmap", "information", "kept", "sharing", "sharing-change", "traversals", "reconstructions", "samples",
        "training",
    }  # fmt: skip
    assert {base64.b64encode(file.read_bytes()).decode() for file in files} <= shown


def test_every_picture_has_words_for_those_who_cannot_see_it(page):
    assert all(given.get("alt") for tag, given in page.tags if tag == "img")


def test_what_differs_between_the_runs_is_said(page):
    assert "pair.consistency: 0.5 | 0.0" in page.text


def test_a_second_report_takes_the_place_of_the_first_with_the_same_numbers(sparse, page, read_page):
    write_report(*sparse)
    assert read_page(sparse[0].folder / "report.html").numbers == page.numbers
    assert not list(sparse[0].folder.glob(".report*"))


def test_a_report_that_fails_leaves_the_earlier_one_whole(tmp_path, train):
    rows = data.digits(rows=100, validation=20, test=20)
    run = train(tmp_path / "run", rows, zoo.vsc(rows, dim=3, hidden=(8,)))
    before = {path.name: path.read_bytes() for path in [write_report(run), run.folder / "posterior.nc"]}
    with torch.no_grad():
        next(run.pair.model.decoder.parameters()).fill_(torch.nan)
    with pytest.raises(ValueError, match=r"finite|NaN|nan"):
        write_report(run)
    assert {name: (run.folder / name).read_bytes() for name in before} == before
    assert not list(run.folder.glob(".report*"))


def test_class_names_are_text_and_never_markup(sparse, tmp_path, read_page, read_code):
    shutil.copytree(sparse[1].folder, tmp_path / "run")
    opened = torch.as_tensor(read_code(sparse[1])[0] > 0.5)
    dimension = int((opened.double().mean(0) - 0.5).abs().argmin())
    test = sparse[1].split("test")._replace(y=opened[:, dimension].long())  # a class that one dimension marks
    rows = replace(sparse[1].data, train=test, validation=test, test=test, classes=("<b>off", "<b>on"))
    page = read_page(write_report(Run(tmp_path / "run", sparse[1].pair, rows)))
    assert "b" not in {tag for tag, _ in page.tags}
    assert f"z{dimension} to <b>on" in page.text


def test_a_run_that_ended_before_its_first_epoch_has_a_page_without_curves(tmp_path, train, read_page):
    rows = data.digits(rows=60, validation=20, test=20)
    run = train(tmp_path / "run", rows, zoo.vsc(rows, dim=3, hidden=(8,)))
    (run.folder / "metrics.csv").unlink()
    assert "training" not in read_page(write_report(run)).sections()


def test_a_folder_that_is_no_run_is_named(sparse, tmp_path):
    stray = Run(tmp_path / "nowhere", sparse[0].pair, sparse[0].data)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        write_report(stray)
    assert not (tmp_path / "nowhere").exists()
