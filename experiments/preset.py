"""Presets: what the cells of an experiment are, in YAML."""

from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from .configuration import merged

__all__ = ["experiments", "presets", "read_preset"]

KEYS = ("title", "report", "base", "cells")
PRESETS = resources.files(__name__.rpartition(".")[0]).joinpath("presets")


def experiments() -> list[str]:
    """The names of the experiments that have presets."""
    return sorted({file.name.split(".")[0] for file in PRESETS.iterdir() if file.name.endswith(".yaml")})


def presets(experiment: str) -> dict[str, Any]:
    """Preset name -> its file, for the experiment of that name."""
    return {file.name.split(".")[1]: file for file in PRESETS.iterdir() if file.name.startswith(f"{experiment}.")}


def read_preset(experiment: str, preset: str) -> dict[str, Any]:
    """A preset: title, report, and cell name -> full configuration.

    Args:
        experiment: its name.
        preset: a name, or the path of a YAML file (``.yaml``, ``.yml``) in the same form.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if there is no such experiment or preset, and says which there are; or if the file is no preset.
    """
    known = presets(experiment)
    if not known:
        raise ValueError(
            f"experiment: expected one of {', '.join(experiments())}; given '{experiment}'.\n"
            f"Try one of:\n- pellucid experiment {experiments()[0]}"
        )
    if preset.endswith((".yaml", ".yml")):
        return checked(Path(preset), experiment)
    if preset not in known:
        raise ValueError(
            f"--preset: expected one of {', '.join(sorted(known))} of {experiment}, or a YAML file; given '{preset}'.\n"
            f"Try one of:\n- --preset {min(known)}\n- --preset path/to/{preset}.yaml, for one of your own"
        )
    return checked(known[preset], experiment)


def checked(file: Any, experiment: str) -> dict[str, Any]:
    """The content of a preset file, each cell merged into the base."""
    remedy = f"Try one of:\n- a copy of {experiment}.{min(presets(experiment))}.yaml in {PRESETS}, changed"
    if not file.is_file():
        raise FileNotFoundError(f"--preset: there is no file {file}.\n{remedy}")
    try:
        content = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"--preset: {file} is no YAML: {' '.join(str(error).split())}.\n{remedy}") from error
    if not isinstance(content, dict) or not {"title", "report", "cells"} <= content.keys() <= {*KEYS}:
        given = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        raise ValueError(f"--preset: {file}: expected the keys {', '.join(KEYS)}; given {given}.\n{remedy}")
    cells = {name: merged(content.get("base") or {}, cell or {}) for name, cell in content["cells"].items()}
    for name, cell in cells.items():
        if not {"pair", "data", "fit"} <= cell.keys():
            raise ValueError(
                f"--preset: {file}: cell {name} needs pair, data and fit; given {', '.join(cell)}.\n{remedy}"
            )
    report = content["report"]
    if not isinstance(report, list) or len(report) != 2 or not set(report) <= cells.keys():
        raise ValueError(f"--preset: {file}: report: expected two of {', '.join(cells)}; given {report}.\n{remedy}")
    return {**content, "cells": cells}
