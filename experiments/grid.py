"""An experiment: a grid of cells, each a run folder keyed by its configuration."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..inference import Run, fit, load
from ..inference.training import is_finished
from .configuration import make_job

__all__ = ["run_cell"]


def run_cell(name: str, config: Mapping[str, Any], folder: Path, *, progress: bool = True) -> Run:
    """The run of a cell: loaded if it is finished, taken up if it was broken off, trained otherwise.

    Args:
        name: the cell.
        config: its configuration; a digest of it is part of the folder's name, so that a changed cell is a new one.
        folder: of the experiment.
        progress: show the live line.
    """
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:8]
    path = folder / f"{name}-{digest}"
    if path.exists() and is_finished(path):
        return load(path)
    job = make_job(config)
    return fit(job.pair, job.data, folder=path, resume=path.exists(), progress=progress, **job.settings)
