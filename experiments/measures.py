"""The figures of a finished cell, kept in its run folder beside the version of what measured them."""

import importlib
import importlib.util
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..inference import Run
from ..inference.training import named
from .cell import Cell

__all__ = ["Measured", "Measuring", "measure_run", "measuring", "module_of", "read_measures"]

FILE = "measures.json"


@dataclass(frozen=True)
class Measured:
    """A measured cell.

    Attributes:
        figures: what ``measure`` found, as JSON gives it back.
        folder: its run folder.
    """

    figures: dict[str, Any]
    folder: Path


@dataclass(frozen=True)
class Measuring:
    """What a module brings to measure an experiment's cells.

    Attributes:
        version: its ``MEASURES``: a changed one has all cells measured anew, without training.
        measure: from a run to its figures, as JSON has them.
        write_results: from the measured cells, in the order of the preset, a folder for pictures and a title to a
            section of Markdown, which links to the pictures as ``figures/FOLDER/NAME.png``, by the folder's own name.
            Cells may be missing.
    """

    version: str
    measure: Callable[[Run], dict[str, Any]]
    write_results: Callable[[Mapping[Cell, Measured], Path, str], str]


def measuring(module: str) -> Measuring:
    """What the module at an import path brings.

    Raises:
        ValueError: if it cannot be imported, or lacks ``MEASURES``, ``measure`` or ``write_results``.
    """
    version, *functions = (named(f"{module}.{name}") for name in ("MEASURES", "measure", "write_results"))
    return Measuring(str(version), *functions)


def module_of(experiment: str) -> str | None:
    """The import path of the experiment's own module, if that measures."""
    path = f"{__name__.rpartition('.')[0]}.{experiment}"
    found = importlib.util.find_spec(path)
    return path if found and hasattr(importlib.import_module(path), "MEASURES") else None


def read_measures(folder: Path, version: str) -> Measured | None:
    """What was measured of the run in a folder; None if nothing was by that version."""
    try:
        content = json.loads((folder / FILE).read_text())
    except (FileNotFoundError, ValueError):
        return None
    current = isinstance(content, dict) and content.get("version") == version
    return Measured(content["figures"], folder) if current else None


def measure_run(run: Run, module: str) -> None:
    """Measure a run and keep its figures; in place by a rename, so that a reader never meets half a file.

    Draws start from the same seed each time: a run measured anew has the same figures.

    Args:
        run: finished.
        module: import path of what measures.
    """
    made = measuring(module)
    torch.manual_seed(0)
    figures = made.measure(run)
    new = run.folder / f".{FILE}.{os.getpid()}"
    try:
        new.write_text(json.dumps({"version": made.version, "figures": figures}, indent=1))
        new.replace(run.folder / FILE)
    finally:
        new.unlink(missing_ok=True)
