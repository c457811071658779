"""The figures of one trained run: how often it errs, what its bound is made of, and what its latent space is like."""

from typing import Any

import torch
from torch import Tensor

from ...data import label_counts
from ...guides.mixture import MixturePosterior
from ...inference import Run
from ...inference.factor import without_factors
from ..plain import plain
from .mixture import measure_mixture
from .reconstruction import redrawn, squared_error

__all__ = ["MEASURES", "information", "measure"]

MEASURES = "1"
"""Version of the figures: a new one has finished runs measured again."""

ROWS = 2000  # test rows, the first of them, on which all but the error is measured


def measure(run: Run) -> dict[str, Any]:
    """All that the experiment asks of a run, repeatable to the last digit; labels withheld from all of it.

    Args:
        run: of a pair with classes at a site "y"; test rows with labels.

    Returns:
        Numbers, strings, lists and dicts, as JSON has them; None for what is not finite.

        - "classes", "counts" of labelled training rows of each, "rows" of test, "seconds" of training;
        - "error", the share of test rows of which the most probable class is wrong, and "information", what
          :math:`q(y | x)` tells of the image (:func:`information`);
        - "kl": by site and as "total", nats a row, from the objective's own terms. KL1 of the source is "y", KL2 "z";
        - of a pair with images "reconstruction", half the squared error of the image redrawn at the mean code of the
          most probable class, in the source's units: pixels in [-1, 1];
        - of a mixture those of :func:`.mixture.measure_mixture`.

    Raises:
        ValueError: if test rows lack labels.
    """
    devices = [run.pair.device] if run.pair.device.type == "cuda" else []
    with torch.random.fork_rng(devices), torch.no_grad():
        torch.manual_seed(0)
        test = run.split("test")
        if not isinstance(y := test.y, Tensor) or y.ndim != 1 or test.labelled is not None:
            raise ValueError(
                f"measure: expected test rows of {run.data.name} with classes [N], all known.\n"
                "Try one of:\n- a data set of pellucid.data with classes"
            )
        told: Any = run.posterior("test")["y"]
        probability = told.logits.double().softmax(-1)
        figures: dict[str, Any] = {"classes": run.data.classes, "counts": label_counts(run.data), "rows": test.rows}
        figures |= {"seconds": sum(epoch["seconds"] for epoch in run.history)}
        figures |= {"error": (probability.argmax(-1) != y).double().mean(), "information": information(probability)}
        x, y, probability = test.x[:ROWS], y[:ROWS], probability[:ROWS]
        figures["kl"] = divergences(run, x)
        if (images := redrawn(run, x, probability.argmax(-1))) is not None:
            figures["reconstruction"] = squared_error(images, x).double().mean()
        if isinstance(without_factors(run.pair.guide).posterior, MixturePosterior):
            figures |= measure_mixture(run, x, y, probability)
    return plain(figures)


def information(probability: Tensor) -> float:
    r"""The information of the image in its class as the classifier has it, in nats.

    .. math:: H\Big(\frac1N \sum_n \pi_n\Big) - \frac1N \sum_n H(\pi_n)

    0 where every image is told alike, as by a classifier gone uniform; log K where all classes are told surely and
    equally often.

    Args:
        probability: ``[N, K]``.

    Example:
        >>> information(torch.eye(4).repeat(3, 1)), information(torch.full((5, 4), 0.25))
        (1.3862943649291992, 0.0)
    """
    return float(torch.special.entr(probability.mean(0)).sum() - torch.special.entr(probability).sum(-1).mean())


def divergences(run: Run, x: Tensor) -> dict[str, float]:
    """The latent terms of the objective by site, and their sum: means over rows, in nats."""
    parts = [run.pair(part.to(run.pair.device)).kl for part in x.split(1000)]
    each = {site: float(torch.cat([kl[site].cpu().double() for kl in parts]).mean()) for site in parts[0]}
    return each | {"total": sum(each.values())}
