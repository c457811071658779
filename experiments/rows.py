"""Rows of a run's data with their labels and their codes."""

from dataclasses import dataclass

from ..data import Batch, Batches
from ..inference import Run
from ..inference.training.encode import encode
from .report.code import Code, find_code
from .report.partition import Partition, partitions

__all__ = ["Rows", "encoded"]


@dataclass(frozen=True)
class Rows:
    """N rows.

    Attributes:
        batch: pixels and labels.
        parts: how the labels part them: one partition for classes, one for each of several attributes.
        code: their posterior.
    """

    batch: Batch
    parts: dict[str, Partition]
    code: Code


def encoded(run: Run, batch: Batch) -> Rows:
    """Rows of float pixels with their codes; labels withheld from the guide.

    Raises:
        ValueError: if the run has no site that can be decoded.
    """
    code = find_code(run, encode(run.pair, Batches(batch, 1000, device=run.pair.device)))
    if code is None:
        raise ValueError(
            f"measure: no latent site of {run.folder} can be decoded by itself, nor several joined, so there is no "
            "code to measure.\n"
            "Try one of:\n- a pair whose decoder takes its real latent vectors, one or several side by side, such as "
            "zoo.vsc, zoo.vae or zoo.ccvae"
        )
    return Rows(batch, {part.name: part for part in partitions(batch, run.data.classes)}, code)
