"""Executes a notebook from its script: ``make notebooks``.

A cell that fails ends it with that cell's error, and so does a last cell that draws no figure.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

__all__ = ["draws", "execute"]

TIMEOUT = 600  # seconds a cell


def draws(cell: Any) -> bool:
    """Whether an executed cell shows a figure."""
    return any("image/png" in output.get("data", ()) for output in cell.get("outputs", ()))


def execute(script: Path, executed: Path) -> None:
    """Run the cells of a script in an empty folder, and write them with their outputs.

    Args:
        script: in the percent format.
        executed: the notebook to write; its folder is made.

    Raises:
        CellExecutionError: if a cell fails; with the cell and its traceback.
        ValueError: if the last cell of code shows no figure.
    """
    whole = jupytext.read(script)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(whole, timeout=TIMEOUT, kernel_name="python3", resources=resources).execute()
    if not draws([cell for cell in whole.cells if cell.cell_type == "code"][-1]):
        raise ValueError(
            f"{script}: its last cell shows no figure.\n"
            "Try one of:\n- plt.show() at its end\n"
            "- %matplotlib inline in the first cell, so that a Figure at the end of a cell is shown"
        )
    executed.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(whole, executed)


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    began = time.perf_counter()
    try:
        execute(source, target)
    except (CellExecutionError, ValueError) as error:
        sys.exit(f"{source}: {error}")
    print(f"{source.stem}: {time.perf_counter() - began:.0f} s", flush=True)
