"""The figures of one trained run: what it tells of labels, what it explains, and what each label's dimensions do."""

from typing import Any

import torch
from torch import Tensor

from ...data import label_counts
from ...data.kept import kept_labels
from ...inference import Run
from ..plain import plain
from .accuracy import label_log_probabilities, majority, measure_accuracy
from .bounds import measure_bounds
from .gradients import measure_gradients
from .handles import handle
from .interventions import (
    measure_block_swap,
    measure_diversity,
    measure_information,
    measure_selectivity,
    measure_style_swap,
)
from .oracle import oracle_of
from .plain_classifier import plain_classifier
from .variants import compares_gradients, is_exact

__all__ = ["MEASURES", "measure"]

MEASURES = "1"
"""Version of the figures: a new one has finished runs measured again."""

ROWS = 2000  # test rows on which labels are told
SWAPPED = 500  # of them, those on which the bound is taken, and whose codes are moved


def measure(run: Run) -> dict[str, Any]:
    """All that the experiment asks of a run, repeatable to the last digit.

    Args:
        run: of ``zoo.ccvae``, ``diva``, ``m2`` or ``mvae``; test rows with all labels.

    Returns:
        Numbers, strings, lists and dicts, as JSON has them; None for what is not finite. "labelled" training rows with
        "counts" of each label (:func:`~pellucid.data.label_counts`), "classes", "rows" of test, "seconds" of
        training, and

        - of test rows, by q(y | x): "accuracy", "label accuracy", "log loss" and "calibration"
          (:func:`.accuracy.measure_accuracy`), beside the "majority";
        - the bounds of :func:`.bounds.measure_bounds`;
        - "style swap", "block swap", "selectivity", "diversity" with its "diversity share" and "diversity chance",
          "block information" and "style information": see :mod:`.interventions`;
        - of CCVAE as it comes, "classifier": the same as of q(y | x), of a classifier that is no autoencoder; and on
          some sets "gradients" (:func:`.gradients.measure_gradients`).

    Raises:
        ValueError: if the pair is none of these, or test rows lack labels.
    """
    devices = [run.pair.device] if run.pair.device.type == "cuda" else []
    with torch.random.fork_rng(devices), torch.no_grad():
        torch.manual_seed(0)
        test = run.split("test", ROWS)
        if not isinstance(y := test.y, Tensor) or test.labelled is not None:
            raise ValueError(
                f"measure: expected test rows of {run.data.name} with all their labels, [N] or [N, L].\n"
                "Try one of:\n- a data set of pellucid.data with classes or attributes"
            )
        counts = label_counts(run.data)
        figures: dict[str, Any] = {"labelled": labelled(run), "counts": counts, "classes": run.data.classes}
        figures |= {"rows": test.rows, "seconds": sum(epoch["seconds"] for epoch in run.history)}
        figures |= measure_accuracy(label_log_probabilities(run.posterior("test", ROWS)["y"]), y)
        figures["majority"] = majority(y)

        x, y = test.x[:SWAPPED], y[:SWAPPED]
        figures |= measure_bounds(run, x, y)
        held, oracle = handle(run, x), oracle_of(run)
        partner = torch.randperm(len(x))
        figures["style swap"] = measure_style_swap(held, oracle, y, partner)
        figures["block swap"] = measure_block_swap(held, oracle, y, partner)
        figures["selectivity"] = measure_selectivity(held, oracle, run.data, x, partner)
        figures |= measure_diversity(held, run.data, y) | measure_information(held)
        if is_exact(run.config):
            figures["classifier"] = measure_accuracy(plain_classifier(run, test.x), test.y)
            if compares_gradients(run.config):
                figures["gradients"] = measure_gradients(run)
    return plain(figures)


def labelled(run: Run) -> int:
    """Training rows with a label."""
    kept = kept_labels(run.data.train)
    known: Any = None if kept is None else kept[1]
    return run.data.n_data if known is None else int(known.reshape(len(known), -1).any(1).sum())
