"""What was configured: the differences of two runs, the commands that repeat one, and the versions it ran on."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import yaml

from ...inference import Run

__all__ = ["Difference", "commands", "differences", "leaves", "versions"]

Difference = tuple[str, str, str]
LIBRARIES = ("pellucid", "torch", "pyro-ppl", "numpy", "arviz", "matplotlib")


def leaves(tree: Any, name: str = "") -> dict[str, str]:
    """The leaves of a configuration by dotted name, as text; the words of recipes left out.

    Example:
        >>> leaves({"pair": {"class_path": "pellucid.zoo.vsc", "init_args": {"dim": 60}}})
        {'pair': 'pellucid.zoo.vsc', 'pair.dim': '60'}
    """
    if not isinstance(tree, Mapping):
        return {name: "–" if tree is None else str(tree)}
    found: dict[str, str] = {}
    for key, value in tree.items():
        inner = name if key in ("class_path", "init_args") else f"{name}.{key}".strip(".")
        found |= leaves(value, inner)
    return found


def differences(run: Run, beside: Run) -> list[Difference]:
    """Name, value here and value there of everything that two runs were configured differently in."""
    here, there = leaves(run.config), leaves(beside.config)
    names = [name for name in {**here, **there} if here.get(name, "–") != there.get(name, "–")]
    return [(name, here.get(name, "–"), there.get(name, "–")) for name in names]


def commands(run: Run, beside: Run | None) -> list[str]:
    """The commands that make the run and its page again; the latter alone if the run was put together by hand."""
    report = f"pellucid report {run.folder}" + (f" --beside {beside.folder}" if beside else "")
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
