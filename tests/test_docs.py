"""The pages of the documentation say what is there: names, equations, proofs, commands."""

import ast
import importlib.util
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import pellucid
from pellucid.experiments.cli import COMMANDS, main

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "equations.md").read_text()
ROWS = [line for line in PAGE.splitlines() if "{py:obj}" in line]
CITED = re.compile(
    r"(?:\beqs?\.|\bequations?|\btheorem|\balgorithm|\bdefinition) \d[\d.]*(?:(?:-|, | and | to )\d+)*\b"
)


def loaded(name):
    """A module of the folder ``docs``, which is no package."""
    spec = importlib.util.spec_from_file_location(f"documentation_{name}", ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages():
    return loaded("pages")


@pytest.fixture(scope="module")
def reading():
    return loaded("reading")


def objects(row):
    """What a row of the page says computes its equation, by name."""
    return {name: pkgutil.resolve_name(name) for name in re.findall(r"\{py:obj\}`~?([\w.]+)`", row)}


def citations(value):
    """Equations that a docstring cites."""
    return set(CITED.findall(" ".join((inspect.getdoc(value) or "").split())))


def proofs_in(path):
    """The names by which pytest knows the tests of a file."""
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.FunctionDef):
            yield f"{path}::{node.name}"
        elif isinstance(node, ast.ClassDef):
            yield from (f"{path}::{node.name}::{each.name}" for each in node.body if isinstance(each, ast.FunctionDef))


def cites():
    """Classes and functions of the package whose docstring cites an equation, public or not."""
    for found in pkgutil.walk_packages([str(ROOT)], "pellucid."):
        if found.name.split(".")[1] in ROOMS:
            module = importlib.import_module(found.name)
            for value in vars(module).values():
                if getattr(value, "__module__", None) == found.name and callable(value) and citations(value):
                    yield value


ROOMS = {name for name in pellucid.__all__ if inspect.ismodule(getattr(pellucid, name))} | {"testing"}
CITING = list(cites())


@pytest.mark.parametrize("row", ROWS)
def test_an_equation_is_computed_by_what_is_there_and_proven_by_a_test_that_is_there(row):
    assert objects(row)
    proofs = re.findall(r"\{proof\}`([^`]+)`", row)
    assert proofs
    for proof in proofs:
        assert proof in set(proofs_in(proof.partition("::")[0]))


@pytest.mark.parametrize("row", ROWS)
def test_the_number_of_an_equation_is_the_one_that_the_docstring_cites(row):
    known = set().union(*map(citations, objects(row).values()))
    assert set(CITED.findall(row.split("|")[1])) <= known


@pytest.mark.parametrize("value", CITING, ids=lambda value: value.__qualname__)
def test_an_equation_that_a_docstring_cites_is_on_the_page(value):
    rows = [row for row in ROWS if value in objects(row).values()] or ROWS
    for citation in citations(value):
        assert any(citation in CITED.findall(row.split("|")[1]) for row in rows), (
            f"{value.__qualname__} cites {citation}"
        )


def test_docstrings_cite_equations():
    assert len(CITING) > 25


def test_every_room_has_a_page(pages):
    assert {f"pellucid.{room}" for room in ROOMS} <= pages.ROOMS.keys()


def test_the_page_of_a_room_has_each_public_name_once(pages):
    for room, title in pages.ROOMS.items():
        page = pages.room_page(room, title)
        names = re.findall(r"^\.\. auto(?:class|function|exception|data):: (.+)$", page, re.MULTILINE)
        module = importlib.import_module(room)
        assert sorted(names) == sorted(
            f"{room}.{name}" for name in module.__all__ if not inspect.ismodule(getattr(module, name))
        )


def test_the_page_of_the_command_line_is_what_the_commands_print(pages, capsys, monkeypatch):
    page = pages.command_page()
    monkeypatch.setenv("COLUMNS", "96")
    for command in ("", *COMMANDS):
        assert main([*command.split(), "--help"]) == 0
        assert f"--help\n\n{capsys.readouterr().out}```" in page


def test_a_command_that_fails_is_no_page(pages):
    with pytest.raises(RuntimeError, match="exit code 2"):
        pages.shown("nothing")


def test_a_notebook_counts_as_executed_when_its_cells_have_run(pages, tmp_path):
    notebook = tmp_path / "1_example.ipynb"
    assert not pages.executed(notebook)
    for count, done in (("null", False), ("1", True)):
        notebook.write_text(f'{{"cells": [{{"cell_type": "markdown"}}, {{"execution_count": {count}}}]}}')
        assert pages.executed(notebook) is done


@pytest.mark.parametrize(
    ("source", "link", "target"),
    [
        ("../README.md", "CHANGELOG.md", "changelog.md"),
        ("../README.md", "docs/demo.png", "demo.png"),
        ("../README.md", "notebooks/1_write_a_prior.ipynb", "notebooks/1_write_a_prior.ipynb"),
        ("../README.md", "tests/priors.py", "../tests/priors.py"),
        ("../experiments/RESULTS.md", "figures/a.png", "../experiments/figures/a.png"),
        ("../README.md", "https://pyro.ai", "https://pyro.ai"),
        ("../README.md", "#speed", "#speed"),
    ],
)
def test_a_link_of_an_included_page_leads_where_it_led(reading, source, link, target):
    content = [f"one [there]({link})."]
    reading.lead_on(None, Path(source), "index", content)
    assert content == [f"one [there]({target})."]


@pytest.mark.parametrize(("name", "kept"), [("torch.Tensor", True), ("torch.Tensors", False), ("no such", False)])
def test_a_name_without_a_page_stands_as_it_is_if_it_exists_and_is_a_warning_if_not(reading, name, kept):
    text = object()
    assert reading.unlinked(None, None, {"reftarget": name}, text) is (text if kept else None)


def test_what_the_pages_take_from_others_is_found_there():
    for page in (ROOT / "docs").glob("*.md"):
        text = page.read_text()
        for source, options in re.findall(r"```\{include\} (\S+)\n(.*?)```", text, re.DOTALL):
            whole = (ROOT / "docs" / source).read_text()
            for mark in re.findall(r'^:(?:start-after|end-before): "(.*)"$', options, re.MULTILINE):
                assert mark.replace("\\n", "\n") in whole, f"{page.name}: {source} has no {mark!r}"


def test_the_python_of_the_first_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "start.md").read_text(), re.DOTALL)
    scope: dict = {}
    exec(program, scope)
    assert scope["q"].batch_shape[0] == scope["digits"].test.rows
    assert scope["again"].history == scope["run"].history
