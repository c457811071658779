"""Results: a section between markers and its pictures, put in place whole or not at all."""

from pathlib import Path

import pytest

from pellucid.experiments.results import splice, write_section


def making(text: str, *pictures: str):
    def make(folder: Path) -> str:
        for name in pictures:
            (folder / name).write_text(f"{name} of {text}")
        return text + "".join(f" ![](figures/{folder.name}/{name})" for name in pictures)

    return make


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_sections_of_several_names_live_in_one_document_and_each_replaces_itself():
    document = splice(splice("", "lab.desk", "one"), "lab.paper", "two")
    assert document.startswith("# Results\n\n<!-- lab.desk -->\none\n<!-- /lab.desk -->\n\n<!-- lab.paper -->\n")
    changed = splice(document, "lab.desk", "three")
    assert changed == document.replace("one", "three")
    assert splice(changed, "lab.desk", "one") == document


def test_what_stands_around_a_section_stays_to_the_letter():
    document = "# Ours\r\n\nBefore.  \n<!-- lab.desk -->\nold\n<!-- /lab.desk -->\n\n\n  After \\1 \\g<0>"
    new = splice(document, "lab.desk", "new \\1 \\g<0>")
    assert new == document.replace("old", "new \\1 \\g<0>")


def test_a_file_is_begun_with_a_title_and_pictures_lie_beside_it(tmp_path):
    write_section(tmp_path / "deep" / "RESULTS.md", "lab", "desk", making("one", "a.png"))
    assert contents(tmp_path) == {
        "deep/RESULTS.md": "# Results\n\n<!-- lab.desk -->\none ![](figures/lab.desk/a.png)\n<!-- /lab.desk -->\n",
        "deep/figures/lab.desk/a.png": "a.png of one",
    }


def test_pictures_that_are_no_longer_shown_go_and_those_of_another_preset_stay(tmp_path):
    path = tmp_path / "RESULTS.md"
    write_section(path, "lab", "desk", making("one", "a.png", "b.png"))
    write_section(path, "lab", "paper", making("two", "c.png"))
    write_section(path, "lab", "desk", making("three", "b.png"))
    there = contents(tmp_path / "figures")
    assert there == {"lab.desk/b.png": "b.png of three", "lab.paper/c.png": "c.png of two"}


def test_whatever_fails_leaves_everything_as_it_was(tmp_path):
    path = tmp_path / "RESULTS.md"
    write_section(path, "lab", "desk", making("one", "a.png"))
    before = contents(tmp_path)

    def failing(folder: Path) -> str:
        (folder / "a.png").write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_section(path, "lab", "desk", failing)
    assert contents(tmp_path) == before
    assert not list(tmp_path.glob(".results.*"))


@pytest.mark.parametrize(
    "document",
    [
        "<!-- lab.desk -->\nno end",
        "no beginning\n<!-- /lab.desk -->",
        "<!-- /lab.desk -->\nturned\n<!-- lab.desk -->",
        "<!-- lab.desk -->\n<!-- /lab.desk -->\ntwice\n<!-- lab.desk -->\n<!-- /lab.desk -->",
    ],
)
def test_markers_that_are_no_pair_are_refused_before_anything_is_made(tmp_path, document):
    path, made = tmp_path / "RESULTS.md", []
    path.write_text(document)
    with pytest.raises(ValueError, match=r"expected one pair of the lines <!-- lab.desk --> and"):
        write_section(path, "lab", "desk", lambda folder: made.append(folder) or "")
    assert (path.read_text(), made) == (document, [])


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PermissionError, match=r"results: cannot write .*file/RESULTS.md"):
        write_section(tmp_path / "file" / "RESULTS.md", "lab", "desk", making("one"))
