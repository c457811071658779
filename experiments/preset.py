"""Presets: what the cells of an experiment are, in YAML."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from .cell import Cell
from .crossing import crossed

__all__ = ["Preset", "experiments", "presets", "read_preset"]

KEYS = ("title", "report", "module", "seeds", "sets", "base", "cells")
PRESETS = resources.files(__name__.rpartition(".")[0]).joinpath("presets")


@dataclass(frozen=True)
class Preset:
    """An experiment of a certain size.

    Attributes:
        title: what it shows.
        cells: all of them.
        report: the cell that gets a report, and the one shown beside it; or None.
        module: import path of the module that measures the cells, if the preset names one.
        is_grid: whether it names data sets or seeds. The cells of a grid are measured, and keep to one thread each so
            that many can run at once; those of a plain preset are only trained, and have the machine to themselves.
    """

    title: str
    cells: tuple[Cell, ...]
    report: tuple[Cell, Cell] | None
    module: str | None
    is_grid: bool

    def path(self, cell: Cell) -> Path:
        """A cell's run folder within the experiment's: SET/VARIANT/SEED-DIGEST, or VARIANT-DIGEST of a plain preset."""
        if self.is_grid:
            return Path(cell.set, cell.variant, f"{cell.seed}-{cell.digest}")
        return Path(f"{cell.variant}-{cell.digest}")


def experiments() -> list[str]:
    """The names of the experiments that have presets."""
    return sorted({file.name.split(".")[0] for file in PRESETS.iterdir() if file.name.endswith(".yaml")})


def presets(experiment: str) -> dict[str, Any]:
    """Preset name -> its file, for the experiment of that name."""
    return {file.name.split(".")[1]: file for file in PRESETS.iterdir() if file.name.startswith(f"{experiment}.")}


def read_preset(experiment: str, preset: str) -> Preset:
    """A preset: title, cells, and what is made of them.

    Args:
        experiment: its name.
        preset: a name, or the path of a YAML file (``.yaml``, ``.yml``) in the same form. Its keys are ``title``;
            ``base``, ``sets``, ``cells`` and ``seeds`` as in :func:`crossed`; ``report``, two names of cells; and
            ``module``, the import path of a module of your own that measures them.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if there is no such experiment or preset, and says which there are; or if the file is no preset.

    Example:
        >>> [cell.variant for cell in read_preset("class_vsc", "demo").cells]
        ['plain', 'consistent']
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


def checked(file: Any, experiment: str) -> Preset:
    """The content of a preset file."""
    remedy = f"Try one of:\n- a copy of {experiment}.{min(presets(experiment))}.yaml in {PRESETS}, changed"
    if not file.is_file():
        raise FileNotFoundError(f"--preset: there is no file {file}.\n{remedy}")
    try:
        content = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"--preset: {file} is no YAML: {' '.join(str(error).split())}.\n{remedy}") from error
    try:
        return understood(content)
    except ValueError as error:
        message = str(error) if "Try one of" in str(error) else f"{error}.\n{remedy}"
        raise ValueError(f"--preset: {file}: {message}") from error


def understood(content: Any) -> Preset:
    """The preset that a YAML file describes; whatever it lacks is a ValueError."""
    if not isinstance(content, dict) or not {"title", "cells"} <= content.keys() <= {*KEYS}:
        given = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        raise ValueError(f"expected the keys {', '.join(KEYS)}; given {given}")
    report, variants = content.get("report"), content["cells"]
    if not isinstance(variants, dict) or not variants:
        raise ValueError(f"cells: expected names with a configuration each; given {variants!r}")
    if report is not None and not (isinstance(report, list) and len(report) == 2 and set(report) <= variants.keys()):
        raise ValueError(f"report: expected two of {', '.join(map(str, variants))}; given {report}")
    cells = crossed(content.get("base"), content.get("sets"), variants, content.get("seeds"))
    is_grid = content.get("sets") is not None or content.get("seeds") is not None
    shown = None if report is None else side_by_side(cells, report, is_grid)
    return Preset(str(content["title"]), cells, shown, content.get("module"), is_grid)


def side_by_side(cells: Sequence[Cell], report: Sequence[str], is_grid: bool) -> tuple[Cell, Cell]:
    """The first two cells of these variants; in a grid, that share their data set and seed."""
    first, second = ([cell for cell in cells if cell.variant == name] for name in report)
    for one in first:
        for other in second:
            if not is_grid or (one.set, one.seed) == (other.set, other.seed):
                return one, other
    raise ValueError(f"report: {report[0]} and {report[1]} have no data set and seed in common")
