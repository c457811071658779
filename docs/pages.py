"""Pages written anew at every build: the reference by room, and what the commands say of themselves."""

import contextlib
import dataclasses
import importlib
import inspect
import io
import json
import os
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

import pellucid
from pellucid.experiments import cli

__all__ = ["HELP", "ROOMS", "command_page", "executed", "room_page", "setup", "shown"]

ROOMS = {
    "pellucid.data": "Data sets",
    "pellucid.distributions": "Distributions",
    "pellucid.networks": "Networks",
    "pellucid.models": "Models and priors",
    "pellucid.guides": "Guides",
    "pellucid.inference": "Objectives, factors, training",
    "pellucid.schedules": "Schedules",
    "pellucid.diagnostics": "Diagnostics",
    "pellucid.diagnostics.figures": "Figures",
    "pellucid.zoo": "The zoo",
    "pellucid.testing": "The contract of a prior",
    "pellucid.experiments.explore": "The explorer",
}
"""Rooms and the titles of their pages."""

HELP = ["", *cli.COMMANDS, "fit --pair vsc --data digits"]
"""Words before ``--help``."""

HEADINGS = {
    "Classes": "autoclass",
    "Functions": "autofunction",
    "Records": "autoclass",
    "Errors and warnings": "autoexception",
    "Constants and types": "autodata",
}
"""What stands on a room's page in this order, and the directive that shows it."""

SOURCES = {".ipynb", ".py"}
"""What a notebook is kept as, in the folder ``notebooks``."""

logger = logging.getLogger(__name__)


def kind(value: Any) -> str | None:
    """Under which heading a public name stands; None for a room within a room, which has a page of its own."""
    if inspect.ismodule(value):
        return None
    if not inspect.isclass(value):
        return "Functions" if inspect.isfunction(value) else "Constants and types"
    if issubclass(value, Exception):
        return "Errors and warnings"
    return "Records" if dataclasses.is_dataclass(value) or hasattr(value, "_fields") else "Classes"


def kinds(room: str) -> dict[str, list[str]]:
    """The public names of a room by heading."""
    module = importlib.import_module(room)
    found: dict[str, list[str]] = {heading: [] for heading in HEADINGS}
    for name in sorted(module.__all__, key=str.lower):
        if heading := kind(getattr(module, name)):
            found[heading].append(name)
    return {heading: names for heading, names in found.items() if names}


def room_page(room: str, title: str) -> str:
    """The page of a room: what it is, a list of its names by kind, and each with its docstring."""
    lines = [title, "=" * len(title), "", f"``{room}``", "", f".. automodule:: {room}", ""]
    for heading, names in kinds(room).items():
        lines += [heading, "-" * len(heading), ""]
        if heading != "Constants and types":
            lines += [".. autosummary::", "   :nosignatures:", "", *(f"   {name}" for name in names), ""]
        for name in names:
            lines += [f".. {HEADINGS[heading]}:: {room}.{name}"]
            lines += {"autodata": ["   :no-value:"], "autoclass": ["   :members:"]}.get(HEADINGS[heading], [])
            lines += [""]
    return "\n".join(lines)


def index_page() -> str:
    """The way into the reference: the names of the package itself, and its rooms."""
    own = {name: getattr(pellucid, name) for name in sorted(pellucid.__all__, key=str.lower)}
    lines = ["# By room", "Also in the package itself:", ""]
    for name, value in own.items():
        if not inspect.ismodule(value):
            (room,) = (room for room in ROOMS if getattr(importlib.import_module(room), name, None) is value)
            lines.append(f"- `pellucid.{name}` is {{py:obj}}`{room}.{name}`")
    return "\n".join([*lines, "", "```{toctree}", ":maxdepth: 1", "", *ROOMS, "```", ""])


def shown(words: str) -> str:
    """What a command prints for ``--help``, at the width of a page."""
    printed, width = io.StringIO(), os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "96"
    try:
        with contextlib.redirect_stdout(printed):
            code = cli.main([*words.split(), "--help"])
    finally:
        os.environ.pop("COLUMNS") if width is None else os.environ.update(COLUMNS=width)
    if code:
        raise RuntimeError(f"pellucid {words} --help: exit code {code}")
    return printed.getvalue()


def command_page() -> str:
    """What each command says of itself."""
    parts = ["# The command line", "These pages are what the commands print."]
    for words in HELP:
        command = " ".join(["pellucid", *words.split()])
        parts += [f"## `{command}`", f"```text\n$ {command} --help\n\n{shown(words)}```"]
    return "\n\n".join(parts) + "\n"


def write_pages(app: Sphinx) -> None:
    """Write what has changed, so that an unchanged page is not built again."""
    source = Path(app.srcdir)
    pages = {f"{room}.rst": room_page(room, title) for room, title in ROOMS.items()}
    for path, text in {**pages, "index.md": index_page(), "command_line.md": command_page()}.items():
        page = source / "reference" / path
        page.parent.mkdir(exist_ok=True)
        if not page.exists() or page.read_text() != text:
            page.write_text(text)
    for name in sorted({path.stem for path in (source.parent / "notebooks").iterdir() if path.suffix in SOURCES}):
        if not executed(source / "notebooks" / f"{name}.ipynb"):
            logger.warning("docs/notebooks/%s.ipynb has not been executed: `make notebooks` does it", name)


def executed(notebook: Path) -> bool:
    """Whether a notebook is there and its cells have run."""
    cells = json.loads(notebook.read_text())["cells"] if notebook.exists() else []
    return any(cell.get("execution_count") for cell in cells)


def setup(app: Sphinx) -> dict[str, bool]:
    """Join the build."""
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
