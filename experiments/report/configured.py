"""What was configured: the differences of runs, the commands that repeat one, and the versions it ran on."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import yaml

from ...inference import Run

__all__ = ["Difference", "commands", "differences", "leaves", "versions"]

Difference = tuple[str, tuple[str, ...]]
"""A name, and its value in each run."""
LIBRARIES = ("pellucid", "torch", "pyro-ppl", "numpy", "arviz", "matplotlib")


def leaves(tree: Any, name: str = "") -> dict[str, str]:
    """The leaves of a configuration by dotted name, as text; the words of recipes left out, those of a list numbered.

    Example:
        >>> leaves({"pair": {"class_path": "pellucid.zoo.vsc", "init_args": {"dim": 60}}})
        {'pair': 'pellucid.zoo.vsc', 'pair.dim': '60'}
    """
    if isinstance(tree, list) and all(isinstance(each, Mapping) for each in tree):
        tree = dict(enumerate(tree, 1))
    if not isinstance(tree, Mapping):
        return {name: "–" if tree is None else str(tree)}
    found: dict[str, str] = {}
    for key, value in tree.items():
        inner = name if key in ("class_path", "init_args") else f"{name}.{key}".strip(".")
        found |= leaves(value, inner)
    return found


def differences(runs: Sequence[Run]) -> list[Difference]:
    """Everything that runs were configured differently in: its name, and its value in each."""
    configured = [leaves(run.config) for run in runs]
    names = dict.fromkeys(name for each in configured for name in each)
    values = ((name, tuple(each.get(name, "–") for each in configured)) for name in names)
    return [(name, each) for name, each in values if len(set(each)) > 1]


def commands(runs: Sequence[Run]) -> list[str]:
    """The commands that make the first run and the page again; none if the run was put together by hand."""
    run, report = runs[0], " ".join(["pellucid report", *(str(each.folder) for each in runs)])
    if run.config["pair"] is None or run.config["data"] is None:
        return []
    again = f"pellucid fit --config {run.folder}/config.yaml --folder {run.folder}-again"
    return [again, report]


def versions() -> dict[str, str]:
    """Library -> version."""
    found = {"Python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def as_yaml(run: Run) -> str:
    """The run's configuration as its file has it."""
    return yaml.safe_dump(run.config, sort_keys=False)
