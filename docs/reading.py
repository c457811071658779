"""How pages and docstrings are read: where their links lead, and what names without a page become."""

import os
import pkgutil
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

__all__ = ["setup"]

PAGES = {
    "../experiments/RESULTS.md": "results.md",
    "../CHANGELOG.md": "changelog.md",
    "../CONTRIBUTING.md": "contributing.md",
}
"""Pages of the repository that have one here."""

OURS = re.compile(r"\.\./(?:docs/|(?=notebooks/))")
"""What is left off the names of pages and pictures that are kept here."""


def lead_on(app: Sphinx, path: Path, page: str, content: list[str]) -> None:
    """Links of an included page lead to the pages of this site, or to the files that they meant."""

    def here(link: re.Match[str]) -> str:
        target = os.path.normpath(path.parent / link[1])
        return f"]({PAGES.get(target) or OURS.sub('', target)})"

    content[0] = re.sub(r"\]\((?!\w+:|#)([^)]+)\)", here, content[0])


def lead_notebooks_on(app: Sphinx, page: str, content: list[str]) -> None:
    """Links of a notebook, which are right in its own folder, lead to the pages of this site."""
    if page.startswith("notebooks/"):
        for target, name in PAGES.items():
            content[0] = content[0].replace(f"]({target}", f"](../{name}")


def whole_first_line(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """A property's first line is a sentence, even with a colon in it, where Napoleon would see a type."""
    if what in ("property", "attribute", "data"):
        lines[:0] = ["..", ""]


def repeated(app: Sphinx, what: str, name: str, value: Any, skip: bool, options: Any) -> bool | None:
    """Fields of a tuple stand in its docstring; the members that Python makes of them say nothing more."""
    return True if type(value).__name__ == "_tuplegetter" else None


def unlinked(app: Sphinx, environment: Any, reference: Any, shown: Any) -> Any:
    """A name that this site does not hold stands without a link if it can be imported; else it is a warning."""
    try:
        pkgutil.resolve_name(reference["reftarget"])
    except (ImportError, AttributeError, ValueError):
        return None
    return shown


def proof(role: str, raw: str, text: str, line: int, inliner: Any, *rest: Any) -> tuple[list[Any], list[Any]]:
    """A test by its pytest name, shown as the sentence that it proves."""
    path, *_, name = text.split("::")
    sentence = nodes.emphasis(raw, name.removeprefix("test_").replace("_", " "))
    return [sentence, nodes.Text(" "), nodes.literal(raw, path.rpartition("/")[2], classes=["file"])], []


def setup(app: Sphinx) -> dict[str, bool]:
    """Join the build."""
    app.add_role("proof", proof)
    app.connect("include-read", lead_on)
    app.connect("source-read", lead_notebooks_on)
    app.connect("autodoc-process-docstring", whole_first_line, priority=400)  # before Napoleon
    app.connect("autodoc-skip-member", repeated)
    app.connect("missing-reference", unlinked)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
