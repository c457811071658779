"""Runs with a report, and the reader of its page."""

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pellucid import data, fit, zoo
from pellucid.data import DataSet
from pellucid.experiments.report import write_report
from pellucid.inference import Run

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Tags with their attributes, the page's text, and the numbers of each table row that has a name."""

    def __init__(self, path: Path):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.numbers: dict[str, list[float]] = {}
        self.row = ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            names = [f"{name[5:]} {value}" for name, value in attrs if name.startswith("data-")]
            self.row = names[0] if names else ""
        if tag == "data":
            self.numbers.setdefault(self.row, []).append(float(given["value"] or "nan"))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "title"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def sections(self) -> set[str]:
        return {str(given["id"]) for _, given in self.tags if "id" in given}


@pytest.fixture(scope="session")
def read_page() -> type[Page]:
    """The reader of a page, called with its path."""
    return Page


def trained(folder: Path, rows: DataSet, pair: Any, epochs: int = 1, lr: float | None = None) -> Run:
    return fit(pair, rows, epochs=epochs, lr=lr, batch_size=20, folder=folder, progress=False)


@pytest.fixture(scope="session")
def train() -> Callable[..., Run]:
    """A short training: folder, data, pair, epochs and lr."""
    return trained


@pytest.fixture(scope="session")
def sparse(tmp_path_factory) -> tuple[Run, Run]:
    """A sparse code of real digits with class information, and one without."""
    folder, rows, runs = tmp_path_factory.mktemp("sparse"), data.mnist5k(rows=600, validation=100, test=120), []
    for weight in (0.5, 0.0):
        torch.manual_seed(3)  # a start from which six hundred rows do not collapse
        pair = zoo.vsc(rows, dim=9, alpha=0.1, consistency=weight, hidden=(64,))
        runs.append(trained(folder / f"weight-{weight:g}", rows, pair, epochs=25, lr=5e-3))
    write_report(*runs)
    return runs[0], runs[1]


@pytest.fixture(scope="session")
def page(sparse) -> Page:
    return Page(sparse[0].folder / "report.html")


def gates_and_codes(run: Run) -> tuple[np.ndarray, torch.Tensor, np.ndarray]:
    q: Any = run.posterior("test")["z"]
    gate, y = q.base_dist.gate, run.split("test").y
    assert isinstance(y, torch.Tensor)
    return gate.numpy().astype(float), torch.where(gate > 0.5, q.base_dist.loc, 0.0), y.numpy()


@pytest.fixture(scope="session")
def read_code() -> Callable[[Run], tuple[np.ndarray, torch.Tensor, np.ndarray]]:
    """Gates, codes and labels of a run's test rows."""
    return gates_and_codes
