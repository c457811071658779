"""The figures of one trained run: the informations of its dimensions, and what keeping the top is worth."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...data import Batch
from ...diagnostics import INFORMATIVE, label_information, used_dimensions
from ...distributions import SpikeAndSlab
from ...inference import Run
from ..plain import plain
from ..report.bounds import measure_bound
from ..report.cost import dimension_cost
from ..rows import Rows, encoded
from .consequences import class_told, row_told
from .dimensions import measure_dimensions
from .emotion import measure_emotion
from .keeping import measure_accuracy, measure_reconstruction, numbers_kept
from .truth import measure_truth

__all__ = ["MEASURES", "measure"]

MEASURES = "1"
"""Version of the figures: a new one has finished runs measured again."""

ROWS = 10_000  # training rows over which information is taken, and test rows on which it is put to use
READ = 1000  # rows on which dimensions are priced, and put to use one by one


def measure(run: Run) -> dict[str, Any]:
    """All that the experiment asks of a run, repeatable to the last digit.

    Dimensions are ranked by training rows; what follows from the ranking is measured on test rows, except where the
    posterior itself is asked ("row" and "class").

    Args:
        run: of a code that can be decoded; Normal or spike-and-slab.

    Returns:
        Numbers, strings, lists and dicts, as JSON has them; None for what is not finite. "dim"; "rows", over which the
        information was taken; "-bound" of log p(x), "reconstruction" and "kl of rows" on test rows, in nats per image;
        "seconds" of training; and of each dimension, ``[D]``,

        - the indicators of :func:`.dimensions.measure_dimensions`;
        - "cost" of holding it at its mean, of informative dimensions, while the others are held at theirs; "used" is
          the number of dimensions by the one definition;
        - "row" and, with one label a row, "class" of informative dimensions: see :mod:`.consequences`;
        - with one label a row "label", I(y; z_j) in nats, beside "label entropy".

        By the numbers kept, "ks": "error" of reconstructions, and with one label a row "accuracy"; see :mod:`.keeping`.
        Where the true factors are known, "truth" (:func:`.truth.measure_truth`); of DEAP "emotion"
        (:func:`.emotion.measure_emotion`) in place of the accuracy.

    Raises:
        ValueError: if the run has no code that can be decoded, or one of another family.
    """
    devices = [run.pair.device] if run.pair.device.type == "cuda" else []
    with torch.random.fork_rng(devices), torch.no_grad():
        torch.manual_seed(0)
        train, test = encoded(run, training_rows(run)), encoded(run, run.split("test", ROWS))
        marginal = require_kind(train)
        figures: dict[str, Any] = {"dim": marginal.batch_shape[1], "rows": marginal.batch_shape[0]}
        figures |= measure_dimensions(marginal)
        information = figures["information"]
        figures |= measure_use(run, train, test, information)

        orders = {"top": np.argsort(-information, kind="stable")}
        if "gaussian" in figures:
            orders["gaussian"] = np.argsort(-figures["gaussian"], kind="stable")
        figures["ks"] = ks = numbers_kept(len(information))
        figures["error"] = measure_reconstruction(run, test, orders, ks)
        if run.data.name == "deap":
            figures["emotion"] = measure_emotion(run)
        elif one_label(train):
            figures["accuracy"] = measure_accuracy(train, test, information, orders, ks)
        if run.data.factors:
            figures["truth"] = measure_truth(test, run.data.factors["test"], run.data.classes, information)
        figures["seconds"] = sum(epoch["seconds"] for epoch in run.history)
    return plain(figures)


def training_rows(run: Run) -> Batch:
    """The first training rows; all labels known, whether training saw them or not."""
    batch = run.split("train", ROWS)
    return Batch(batch.x, batch.y)


def require_kind(rows: Rows) -> Any:
    """The posterior of each dimension, of a family that the experiment can measure."""
    marginal = rows.code.marginal
    if not isinstance(marginal, torch.distributions.Normal | SpikeAndSlab):
        raise ValueError(
            f"measure: expected a Normal or a spike-and-slab posterior of site '{rows.code.site}'; "
            f"given {rows.code.family}.\n"
            "Try one of:\n- zoo.vae, zoo.beta_vae or zoo.vsc\n"
            "- pellucid.diagnostics.mutual_information, for the information of a mixture"
        )
    return marginal


def one_label(rows: Rows) -> bool:
    """Whether a row has a class, and not several attributes or none."""
    return isinstance(rows.batch.y, Tensor) and rows.batch.y.ndim == 1 and len(rows.parts) == 1


def measure_use(run: Run, train: Rows, test: Rows, information: np.ndarray) -> dict[str, Any]:
    """The bound on test rows, and what each informative dimension is good for by itself; NaN for the others."""
    x, marginal = test.batch.x, train.code.marginal
    bound = measure_bound(run, x, draws=1)
    figures: dict[str, Any] = {"-bound": -bound.bound, "reconstruction": bound.reconstruction, "kl of rows": bound.kl}

    above = torch.from_numpy(np.flatnonzero(information > INFORMATIVE))
    z = test.code.z[:READ]
    held = z.mean(0).expand(z.shape).clone()
    held[:, above] = z[:, above]
    cost = dimension_cost(run, held, x[:READ])
    figures |= {"cost": cost, "used": int(used_dimensions(None, cost, information).sum())}

    few = type(marginal)(**{name: getattr(marginal, name)[:READ][:, above] for name in marginal.arg_constraints})
    figures["row"] = spread(row_told(few, draws=16), above, len(information))
    if one_label(train):
        (part,) = train.parts.values()
        told = label_information(marginal, part.y)
        figures |= {"label": told.value, "label entropy": told.entropy}
        if isinstance(few, torch.distributions.Normal):
            figures["class"] = spread(class_told(few.loc, few.scale, part.y[:READ]), above, len(information))
    return figures


def spread(values: np.ndarray, chosen: Tensor, dim: int) -> np.ndarray:
    """The values of some of the dimensions among all, NaN for the others.

    Example:
        >>> spread(np.array([5.0]), torch.tensor([1]), 3)
        array([nan,  5., nan])
    """
    whole = np.full(dim, np.nan)
    whole[chosen.numpy()] = values
    return whole
