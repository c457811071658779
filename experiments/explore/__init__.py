"""A run by hand: its rows, the dimensions of their codes to move, and the images that come of it."""

from typing import Any

from ...inference import Run
from .explorer import Explorer
from .installed import check_installed

__all__ = ["Explorer", "explore"]


def explore(run: Run, rows: int | None = None) -> Any:
    """The page of ``pellucid explore`` as a ``panel.Column``, for the last line of a notebook's cell.

    Args:
        run: with images of one or three channels and a code that its model decodes.
        rows: choose among so many test rows, the first.

    Raises:
        ValueError: as :class:`Explorer`; or Panel is not installed.

    Example:
        >>> import tempfile
        >>> from pellucid import data, fit, zoo
        >>> digits, folder = data.digits(rows=200), tempfile.mkdtemp() + "/run"
        >>> page = explore(fit(zoo.vae(digits, dim=2), digits, epochs=1, folder=folder, progress=False))
        >>> type(page).__name__
        'Column'
    """
    check_installed()
    import panel

    from .view import View

    panel.extension(inline=True)  # a cell brings its scripts, so that it works without a network
    return View(Explorer(run, rows)).page()
