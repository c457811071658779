"""An empty folder to give commands in."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def empty_folder(monkeypatch, tmp_path) -> Iterator[Path]:
    """The working directory; nothing that a run imports from it stays behind."""
    path, modules = list(sys.path), set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[name]
