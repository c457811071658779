"""What is checked before a run writes anything: pair, data and arguments fit one another."""

import pyro
import torch
from torch import Tensor

from ...data import Batch, Batches, DataSet, Split
from ..owned import owned_parameters
from ..pair import Pair
from ..pyro_checks import CHECKED
from ..untouched import untouched
from .class_count import ClassCount

__all__ = ["preflight"]


def preflight(pair: Pair, data: DataSet, batch_size: int, labelled_rows: int | None = None) -> None:
    """Run the pair once on a few rows of each split, with all of Pyro's checks on and no trace left.

    The rows are the first ones and, of a split in memory, one with the highest label: the one a prior may have no
    place for.

    Args:
        pair: model, guide, objective.
        data: the data set.
        batch_size: 1 to the training rows.
        labelled_rows: those of every batch that are to have a label.

    Raises:
        ValueError: with the argument or the site that does not fit.
    """
    if pair.model.n_data != data.n_data:
        raise ValueError(
            f"pair: built for {pair.model.n_data} training rows; {data.name} has {data.n_data}.\n"
            "Try one of:\n- building the pair from this data set: zoo.vae(data)\n"
            f"- n_data={data.n_data} in LatentModel and Guide"
        )
    if not 1 <= batch_size <= data.n_data:
        raise ValueError(
            f"batch_size: expected 1 to {data.n_data}, the training rows of {data.name}; given {batch_size}.\n"
            f"Try one of:\n- batch_size={min(128, data.n_data)}"
        )
    Batches(data.train, batch_size, labelled=labelled_rows)
    device = pair.device
    for name, split in data.splits.items():
        if isinstance(split, Batch) and split.x.is_floating_point() and hasattr(pair.model, "likelihood"):
            try:
                pair.model.likelihood.check(split.x)
            except ValueError as error:
                raise ValueError(f"{data.name}.{name}: {error}") from None
        batch = next(Batches(few(split), 8, device=device).epoch(0))
        with torch.no_grad(), untouched(pair, device), pyro.settings.context(**CHECKED):
            classes = ClassCount()
            try:
                with owned_parameters(pair), classes:
                    terms = pair(*batch)
            except (ValueError, RuntimeError, KeyError, IndexError, NotImplementedError) as error:
                classes.require(data)
                raise ValueError(
                    f"pair: the rows of {data.name}.{name} do not go through: {without_shapes(error)}"
                ) from error
        classes.require(data)
        if name == "train" and not pair.factors:
            classes.require_taken(data)
        if not terms.loss.isfinite():
            bad = [term for term, value in terms.summary().items() if not value.isfinite()]
            raise ValueError(
                f"pair: the loss of the first rows of {data.name}.{name} is not finite before training: "
                f"{', '.join(bad)}.\n"
                "Try one of:\n- weights drawn anew, with a smaller scale\n- a floor under the scales of the site named"
            )


def few(split: Split) -> Split:
    """Seven first rows and one with the highest known label; the split itself if it has no such row in memory."""
    if not isinstance(split, Batch) or not isinstance(split.y, Tensor) or split.y.dim() != 1:
        return split
    known = torch.ones_like(split.y, dtype=torch.bool) if split.labelled is None else split.labelled
    if not isinstance(known, Tensor) or known.dim() != 1 or not known.any():
        return split
    highest = torch.where(known, split.y, torch.zeros_like(split.y)).argmax(keepdim=True)
    return split.take(torch.cat([torch.arange(min(7, split.rows)), highest]))


def without_shapes(error: Exception) -> str:
    """The message without the table of every site's shape that Pyro hangs on it; the traceback keeps it."""
    return str(error).partition("Trace Shapes:")[0].rstrip()
