"""The record of a run: one row an epoch, as CSV."""

import csv
from collections.abc import Sequence
from pathlib import Path

__all__ = ["read_metrics", "write_metrics"]


def write_metrics(path: Path, history: Sequence[dict[str, float]]) -> None:
    """Write all rows; in place by a rename, so that a reader never meets half a file.

    Args:
        path: the CSV file.
        history: one dict an epoch; a column that a row lacks stays empty.
    """
    columns = list(dict.fromkeys(name for row in history for name in row))
    new = path.with_suffix(".new")
    with new.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(history)
    new.rename(path)


def read_metrics(path: Path) -> list[dict[str, float]]:
    """The rows of a metrics file, empty cells left out."""
    with path.open(newline="") as file:
        return [{name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)]
