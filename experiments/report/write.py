"""The report of a run, written whole or not at all."""

import os
import shutil
from pathlib import Path

from ...inference import Run
from ...inference.training.folder import read_config
from .characteristics import read_characteristics
from .classified import classified
from .configured import differences
from .draws import save_draws
from .mixture import read_mixture
from .page import headings, render
from .pictures import draw_pictures
from .reading import read_run

__all__ = ["write_report"]

PARTS = ("figures", "posterior.nc", "report.html")


def write_report(run: Run, *others: Run) -> Path:
    """Write ``figures/``, ``posterior.nc`` and ``report.html`` into the run's folder, in place of earlier ones.

    With others the page puts them side by side, and tells the differences of their evidence row by row.

    All numbers are of the first 2000 test rows, labels withheld from the posterior and gates hard, and are the same
    each time. What does not apply to the run (labels, gates, images) is left out of the page. The page holds its
    pictures and asks for nothing outside.

    Args:
        run: the run.
        others: more for comparison, such as the same model without class information, or with other seeds.

    Returns:
        the path of ``report.html``.

    Raises:
        FileNotFoundError: if the folder of one of them is no run.
        ValueError: if runs are of images of different shapes.
        PermissionError: if the run's folder cannot be written.

    Example:
        >>> import tempfile
        >>> from pellucid import data, fit, zoo
        >>> digits = data.digits()
        >>> run = fit(zoo.vsc(digits, dim=4), digits, epochs=1, folder=tempfile.mkdtemp() + "/run", progress=False)
        >>> write_report(run).name
        'report.html'
    """
    runs = [run, *others]
    for each in runs:
        read_config(each.folder)  # a folder that is no run says so before anything is written
        if each.data.shape != run.data.shape:
            raise ValueError(
                f"report: {run.folder} is of images {list(run.data.shape)}, {each.folder} of {list(each.data.shape)}: "
                "nats of different images cannot be compared.\nTry one of:\n- runs on one data set\n"
                "- a report of each"
            )
    differs = differences(runs)
    new = run.folder / f".report.{os.getpid()}"
    try:
        (new / "figures").mkdir(parents=True)
        readings = {heading: read_run(each) for heading, each in zip(headings(runs, differs), runs, strict=True)}
        reading = next(iter(readings.values()))
        labels = classified(reading.posterior, reading.batch, run.data.classes, reading.label_sites)
        characteristics = read_characteristics(reading)
        mixtures = [read_mixture(each) for each in readings.values()]
        pictures = draw_pictures(readings, labels, characteristics, mixtures[0], new / "figures")
        save_draws(reading, new / "posterior.nc")
        page = render(readings, pictures, labels, characteristics, mixtures, differs)
        (new / "report.html").write_text(page, encoding="utf-8")
        for part in PARTS:
            replace(new / part, run.folder / part)
    except OSError as error:
        raise PermissionError(
            f"report: cannot write into {run.folder} ({error.strerror or error}).\n"
            "Try one of:\n- a copy of the run folder in a place that you may write to\n- free space on the disk"
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return run.folder / "report.html"


def replace(new: Path, old: Path) -> None:
    """Put a file or folder in the place of another."""
    if old.is_dir():
        shutil.rmtree(old)
    new.rename(old)
