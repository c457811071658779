"""The README says what runs."""

import re
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_python_of_the_readme_trains_a_classifier_from_one_label_in_ten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (program,) = re.findall(r"```python\n(.*?)```", README, re.S)
    scope: dict = {}
    exec(program, scope)
    assert scope["run"].history[-1]["validation/accuracy(y)"] > 0.7  # chance is 0.1


def test_the_links_of_the_readme_lead_somewhere():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (Path(__file__).parents[1] / target).exists(), target
