"""The README says what runs."""

import math
import re
import subprocess
import sys
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text()


def source(text):
    """The program of the README that holds a text."""
    (found,) = [each for each in re.findall(r"```python\n(.*?)```", README, re.S) if text in each]
    return found


def executed(section):
    """What the one program of a section leaves behind."""
    (program,) = re.findall(rf"## {section}\n(?:(?!\n## ).)*?```python\n(.*?)```", README, re.S)
    scope: dict = {}
    exec(program, scope)
    return scope


def test_the_python_of_the_readme_tells_how_much_each_dimension_tells(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    scope = executed("How much each dimension tells")
    found = scope["found"]
    assert found.value.shape == (16,)
    assert 1 < found.value.sum() < 16 * math.log(found.rows)
    assert "mean KL = information" in capsys.readouterr().out


def test_the_python_of_the_readme_reads_labels_off_blocks_and_moves_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scope = executed("What a label looks like")
    truth = scope["faces"].test.y.bool()
    assert (scope["guess"] == truth).double().mean() > 0.8  # chance is 0.5
    assert scope["swapped"].shape == (2000, 1, 32, 32)
    assert scope["drawn"].shape == (9, 1, 32, 32)


def test_the_python_of_the_readme_lays_out_ten_classes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scope = executed("Where the classes lie")
    assert scope["right"].double().mean() > 0.85  # from ten labels a class; chance is 0.1
    assert 1 <= scope["subspace"].count <= 2
    assert scope["drawn"].shape == (10, 1, 8, 8)


def test_the_prior_of_the_readme_trains_a_classifier_from_one_label_in_ten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scope = executed("A prior is thirty lines")
    assert scope["run"].history[-1]["validation/accuracy(y)"] > 0.7  # chance is 0.1
    prior = source("class Clock").partition("class Clock")[2].partition("digits =")[0]
    assert len(prior.strip().splitlines()) <= 30


def test_the_prior_of_the_readme_keeps_its_contract(tmp_path):
    prior, contract = source("class Clock"), source("class TestClock")
    (tmp_path / "test_clock.py").write_text(prior.partition("digits =")[0] + contract)
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=tmp_path)
    assert done.returncode == 0


def test_the_links_of_the_readme_lead_somewhere():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (Path(__file__).parents[1] / target).exists(), target
