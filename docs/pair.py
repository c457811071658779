"""Writes notebooks anew from the scripts beside them: ``make pairs``, after a script was changed."""

import json
import sys
from pathlib import Path

import jupytext

__all__ = ["notebook"]

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def notebook(script: Path) -> str:
    """The text of a script's notebook: its cells numbered, without outputs, and no metadata but the kernel."""
    cells = []
    for i, cell in enumerate(jupytext.read(script).cells):
        own = {"execution_count": None, "outputs": []} if cell.cell_type == "code" else {}
        source = {"source": cell.source.splitlines(keepends=True)}
        parts = {"cell_type": cell.cell_type, "id": f"cell-{i}", "metadata": {}, **own, **source}
        cells.append(dict(sorted(parts.items())))
    whole = {"cells": cells, "metadata": {"kernelspec": KERNEL}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.with_suffix(".ipynb").write_text(notebook(path))
