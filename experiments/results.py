"""The results of an experiment: a section of a Markdown file between two markers, and the pictures beside it."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from ..inference.training.checkpoint import replace_folder

__all__ = ["require_place", "splice", "write_section"]


def write_section(path: Path, experiment: str, preset: str, make: Callable[[Path], str]) -> None:
    """Put a section into a file, in the place of its earlier form, and its pictures into a folder beside the file.

    Nothing changes unless all could be made. The section has a folder of pictures of its own,
    ``figures/EXPERIMENT.PRESET``, which is put in the place of the earlier one.

    Args:
        path: the Markdown file; begun with a title if it does not exist.
        experiment: its name.
        preset: its name.
        make: writes the pictures into a folder and returns the section's text.

    Raises:
        ValueError: if the file has the section's first marker without its last.
        PermissionError: if it cannot be written.
    """
    document, name = require_place(path, experiment, preset), f"{experiment}.{preset}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".results.", dir=path.parent) as new:
            pictures = Path(new, name)
            pictures.mkdir()
            text = make(pictures)
            Path(new, path.name).write_text(splice(document, name, text), encoding="utf-8")
            (path.parent / "figures").mkdir(exist_ok=True)
            replace_folder(pictures, path.parent / "figures" / name)
            os.replace(Path(new, path.name), path)
    except OSError as error:
        raise PermissionError(
            f"results: cannot write {path} ({error.strerror or error}).\n"
            "Try one of:\n- --results with a file in a place that you may write to\n- free space on the disk"
        ) from error


def require_place(path: Path, experiment: str, preset: str) -> str:
    """The text of the file that results go to, empty if there is none.

    Raises:
        ValueError: if it is no Markdown file, or has the section's first marker without its last.
    """
    if path.suffix != ".md" or path.is_dir():
        raise ValueError(
            f"--results: expected a Markdown file; given '{path}'.\nTry one of:\n- --results {path / 'RESULTS.md'}"
        )
    document = path.read_text(encoding="utf-8") if path.exists() else ""
    present(document, f"{experiment}.{preset}")
    return document


def splice(document: str, name: str, text: str) -> str:
    r"""A document with a section in the place of its earlier form, or at its end; begun with a title if it is empty.

    Example:
        >>> print(splice("", "class_vsc.desk", "A table."))
        # Results
        <BLANKLINE>
        <!-- class_vsc.desk -->
        A table.
        <!-- /class_vsc.desk -->
        <BLANKLINE>
        >>> splice("<!-- a -->\nold\n<!-- /a -->\nMore.", "a", "new")
        '<!-- a -->\nnew\n<!-- /a -->\nMore.'
    """
    first, last = markers(name)
    new = f"{first}\n{text.strip()}\n{last}"
    if earlier := present(document, name):
        return document.replace(earlier, new)
    return f"{document.strip() or '# Results'}\n\n{new}\n"


def present(document: str, name: str) -> str:
    """The section of that name, markers included; empty if there is none."""
    first, last = markers(name)
    before, begun, rest = document.partition(first)
    inside, ended, after = rest.partition(last)
    if bool(begun) != bool(ended) or last in before or any(marker in after for marker in (first, last)):
        raise ValueError(
            f"results: expected one pair of the lines {first} and {last}, in this order, or neither.\n"
            "Try one of:\n- both lines removed: the section is then put at the end"
        )
    return begun + inside + ended


def markers(name: str) -> tuple[str, str]:
    """The lines around a section."""
    return f"<!-- {name} -->", f"<!-- /{name} -->"
