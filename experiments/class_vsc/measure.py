"""The figures of one trained run, on validation and on test rows."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...data import Batch, Batches
from ...inference import Run
from ..plain import plain
from ..rows import Rows, encoded
from .few_labels import measure_few_labels
from .generation import measure_generation
from .labelled import label_counts, labelled_rows
from .split import measure_split

__all__ = ["MEASURES", "measure"]

MEASURES = "2"
"""Version of the figures: a new one has finished runs measured again."""

LABELS = (100, 500, 5000)
READ = {"validation": 1000, "test": 2000}  # rows on which dimensions are read; the report's on test rows
CHOICE = 2000  # validation rows on which classifiers choose their regularisation


def measure(run: Run) -> dict[str, Any]:
    """All that the experiment asks of a run, repeatable to the last digit.

    Whatever is chosen by figures (such as a loss's weight) is to be chosen by those of "validation", and told by those
    of "test".

    Args:
        run: of a sparse or a dense code, on a data set in memory with labels, ``[N]`` classes or ``[N, L]`` attributes.

    Returns:
        Numbers, strings, lists and dicts, as JSON has them; None for what is not finite. "seconds" of training, and

        - "validation", "test": "rows"; on all of them "-bound" (of log p(x), gates hard and labels withheld, no loss
          factor) with "-bound error", its standard error, "reconstruction" and "kl", in nats per image; on the first
          "rows_read" of them, as the report reads them, "used" dimensions and "used_mask", "information" I(x; z_j) and
          "cost" of each; of a sparse code, "open" gates a row, "within", "between", "ratio", "jaccard_within",
          "jaccard_between"; "I(Y;Gamma)" and "I(X;Gamma|Y)" summed over dimensions, with "I(Y;Gamma_j)" and
          "I(X;Gamma_j|Y)" of each; the "class_gate" of each dimension in each of "classes" (each attribute, present and
          absent), "roles" and "role_counts"; and over used dimensions "sharing_jaccard" and "sharing_cosine" of the
          classes. Where there are several attributes, figures of classes are means over them.
        - within both, "few_labels": feature (:func:`.few_labels.features`) -> number of labels, as text -> accuracy;
          "majority", the share of the largest class; "accuracy" and "accuracy_open" from the gates, and from which of
          them are open, at the most labels; on faces with known causes, "factors" (:func:`.factors.measure_factors`).
        - "generation": "row", "mean", "prior", "reconstructed" and "real" (:func:`.generation.measure_generation`).

    Raises:
        ValueError: if the data set has no such labels, or the run no code that can be decoded.
    """
    devices = [run.pair.device] if run.pair.device.type == "cuda" else []
    with torch.random.fork_rng(devices), torch.no_grad():
        figures: dict[str, Any] = {split: measure_split(run, split, rows) for split, rows in READ.items()}
        torch.manual_seed(0)
        labelled, masks = known_rows(run)
        validation, test = encoded(run, run.split("validation", CHOICE)), encoded(run, run.split("test"))
        accuracy = measure_few_labels(labelled, masks, validation, test)
        for split, rows in (("validation", validation), ("test", test)):
            own: dict[str, Any] = {"few_labels": accuracy[split], "majority": majority(rows)}
            if "gate" in accuracy[split]:
                most = str(max(masks))
                own |= {"accuracy": accuracy[split]["gate"][most], "accuracy_open": accuracy[split]["open"][most]}
            figures[split] |= own
        figures["generation"] = measure_generation(run, labelled, test)
        figures["seconds"] = sum(epoch["seconds"] for epoch in run.history)
    return plain(figures)


def known_rows(run: Run) -> tuple[Rows, dict[int, Tensor]]:
    """The training rows whose labels are looked at, encoded; and by number of labels, which of them."""
    data = run.data
    train = data.train if isinstance(data.train, Batch) else run.split("train")
    if not isinstance(train.y, Tensor):
        raise ValueError(
            f"measure: expected labels [N] or [N, L] in {data.name}, for its figures compare classes; "
            f"given {'none' if train.y is None else 'a dict of sites'}.\n"
            "Try one of:\n- pellucid.data.mnist5k(), fashion_mnist() or smiley()"
        )
    seed = int(run.config["fit"]["seed"])
    masks = {count: labelled_rows(train, count, seed, len(data.classes)) for count in label_counts(train.y, LABELS)}
    looked_at = torch.stack(list(masks.values())).any(0)
    rows = next(Batches(Batch(train.x, train.y).take(looked_at), int(looked_at.sum())).epoch(0))
    return encoded(run, rows), {count: mask[looked_at] for count, mask in masks.items()}


def majority(rows: Rows) -> float:
    """Share of the largest class: what a constant guess reaches; the mean over the attributes."""
    y = [part.y[part.known] for part in rows.parts.values()]
    return float(np.mean([float(each.bincount().max()) / len(each) for each in y]))
