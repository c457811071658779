"""Notebooks say what their scripts say, carry nothing else, and fail loudly when they are executed."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "notebooks").glob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
by_name = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)

FIGURE = "# %%\nimport matplotlib.pyplot as plt\n\nplt.plot([0, 1])\nplt.show()\n"


def cells(script):
    return json.loads(script.with_suffix(".ipynb").read_text())["cells"]


@pytest.fixture(scope="module")
def pair():
    spec = importlib.util.spec_from_file_location("documentation_pair", ROOT / "docs" / "pair.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def executed(text, folder):
    """A script of this text, executed as ``make notebooks`` does it."""
    script, target = folder / "tried.py", folder / "out" / "tried.ipynb"
    script.write_text(text)
    command = [sys.executable, ROOT / "docs" / "execute.py", script, target]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True), target


def test_every_notebook_has_a_script_and_every_script_a_notebook():
    assert [path.stem for path in SCRIPTS] == [path.stem for path in NOTEBOOKS]
    assert SCRIPTS


@by_name
def test_a_notebook_has_the_cells_of_its_script(script):
    said = [(cell.cell_type, cell.source) for cell in jupytext.read(script).cells]
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in cells(script)] == said, "make pairs writes it anew"


@by_name
def test_a_notebook_holds_no_outputs_and_no_metadata_but_the_kernel(script, pair):
    whole = json.loads(script.with_suffix(".ipynb").read_text())
    assert list(whole["metadata"]) == ["kernelspec"]
    assert [cell["id"] for cell in whole["cells"]] == [f"cell-{i}" for i in range(len(whole["cells"]))]
    for cell in whole["cells"]:
        assert cell["metadata"] == {}
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert script.with_suffix(".ipynb").read_text() == pair.notebook(script)


@by_name
def test_a_notebook_begins_with_its_title_ends_with_code_and_takes_one_thread(script):
    first, *_, last = cells(script)
    assert "".join(first["source"]).startswith("# ")
    assert last["cell_type"] == "code"
    assert "torch.set_num_threads(1)" in script.read_text()


def test_the_readme_names_every_notebook_and_none_that_is_not_there():
    named = re.findall(r"\(notebooks/([^)]+)\)", (ROOT / "README.md").read_text())
    assert {f"{path.stem}.ipynb" for path in SCRIPTS} == set(named)


def test_an_executed_notebook_keeps_what_its_cells_gave_in_a_folder_of_its_own(tmp_path):
    done, target = executed(f"# %%\nimport os\n\nprint(os.listdir())\n\n{FIGURE}", tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"tried: \d+ s\n", done.stdout)
    first, last = json.loads(target.read_text())["cells"]
    assert first["outputs"][0]["text"] == ["[]\n"]
    assert any("image/png" in output.get("data", ()) for output in last["outputs"])


def test_a_cell_that_fails_ends_the_notebook_with_its_error_and_nothing_is_written(tmp_path):
    done, target = executed(f"# %%\n1 / 0\n\n{FIGURE}", tmp_path)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "1 / 0" in done.stderr
    assert not target.exists()


def test_a_notebook_that_ends_without_a_figure_is_refused(tmp_path):
    done, target = executed("# %%\n'no figure'\n", tmp_path)
    assert done.returncode == 1
    assert "its last cell shows no figure" in done.stderr
    assert not target.exists()
