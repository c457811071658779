"""The table of numbers: each with its unit, its definition, and its value for every run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ...diagnostics import compare_evidence
from .reading import Reading

__all__ = ["Quantity", "paired", "quantities", "written"]

# name -> unit, digits after the point, definition
DEFINITIONS = {
    "Bound": (
        "nats a row",
        1,
        "lower bound on log p(x), gates hard and labels withheld; mean of {rows} test rows, ± its standard error over "
        "the rows. Higher is better.",
    ),
    "Log evidence": (
        "nats a row",
        1,
        "tighter bound on log p(x), by {particles} importance-weighted draws for each of the first {few} rows, ± the "
        "Monte Carlo error of the mean.",
    ),
    "Evidence less the best": (
        "nats a row",
        2,
        "the same less that of the best run, row by row, ± the standard error of that difference over the rows: rows "
        "differ far more than runs do, and what is hard for one is hard for the other.",
    ),
    "Rows of doubtful evidence": (
        "share",
        3,
        "Pareto k of the {particles} weights above {threshold:.2f}: for these rows the posterior misses what the "
        "evidence is made of. (Not the k of az.loo, which is not valid on posterior.nc: latents leave with their row.)",
    ),
    "Reconstruction": ("nats a row", 1, "minus log p(x | z), expected under the posterior. Lower is better."),
    "KL": (
        "nats a row",
        1,
        "divergence of the posterior from the prior: what the code costs. Bound = − reconstruction − KL.",
    ),
    "Used dimensions": (
        "",
        0,
        "vary with the image (gate above 1/2 on 1 to 99 % of the rows, or more than 0.05 nats of information) and cost "
        "more than 0.1 nats when held at their mean.",
    ),
    "Gates on": ("a row", 1, "number of gates above 1/2, mean over the rows."),
    "Within-class JSD": (
        "nats",
        2,
        "Jensen–Shannon divergence of the gates of two rows of one class, summed over dimensions, mean over all pairs. "
        "Lower is more consistent.{several}",
    ),
    "Between-class JSD": ("nats", 2, "the same of two rows of different classes. Higher is better separated.{several}"),
    "Between / within": ("", 2, "ratio of the two: 1 when classes mean nothing to the gates."),
    "Jaccard within": (
        "",
        2,
        "overlap of the sets of gates above 1/2 of two rows of one class: 1 is the same set.{several}",
    ),
    "Jaccard between": ("", 2, "the same of two rows of different classes.{several}"),
}


@dataclass(frozen=True)
class Quantity:
    """A line of the table.

    Attributes:
        name: what it is.
        unit: of the values; empty for counts and ratios.
        definition: in words.
        values: one for each run; None where it does not apply.
        errors: standard errors alike.
        digits: after the point.
    """

    name: str
    unit: str
    definition: str
    values: tuple[float | None, ...]
    errors: tuple[float | None, ...]
    digits: int = 2


def quantities(readings: Sequence[Reading]) -> list[Quantity]:
    """All quantities that apply to at least one of the runs.

    Args:
        readings: the run first.
    """
    bounds, spaces = [reading.bounds for reading in readings], [reading.space for reading in readings]
    rows, evidence = readings[0].batch.rows, bounds[0].evidence
    gates = [None if space is None else space.code.gates for space in spaces]
    agree = [None if space is None else space.agreement for space in spaces]
    less = differences(readings)
    values: dict[str, list[float | None]] = {
        "Bound": [each.bound for each in bounds],
        "Log evidence": [each.evidence.mean for each in bounds],
        "Evidence less the best": list(less[0]) if less else [None] * len(readings),
        "Rows of doubtful evidence": [each.tail.share for each in bounds],
        "Reconstruction": [each.reconstruction for each in bounds],
        "KL": [each.kl for each in bounds],
        "Used dimensions": [None if space is None else float(space.used.sum()) for space in spaces],
        "Gates on": [None if gate is None else float((gate > 0.5).sum(-1).double().mean()) for gate in gates],
        "Within-class JSD": [None if each is None else each.within for each in agree],
        "Between-class JSD": [None if each is None else each.between for each in agree],
        "Between / within": [None if each is None else each.ratio for each in agree],
        "Jaccard within": [None if each is None else each.jaccard_within for each in agree],
        "Jaccard between": [None if each is None else each.jaccard_between for each in agree],
    }
    errors: dict[str, list[float | None]] = {
        "Bound": [each.error for each in bounds],
        "Log evidence": [each.evidence_error for each in bounds],
        "Evidence less the best": list(less[1]) if less else [],
    }
    said: dict[str, float] = {"rows": rows, "few": len(evidence.value), "particles": evidence.particles}
    said["threshold"] = bounds[0].tail.threshold
    several = " Mean over the attributes." if any(len(reading.parts) > 1 for reading in readings) else ""
    return [
        Quantity(
            name,
            unit,
            text.format(**said, several=several),
            tuple(values[name]),
            tuple(errors.get(name) or [None] * len(readings)),
            digits,
        )
        for name, (unit, digits, text) in DEFINITIONS.items()
        if any(value is not None for value in values[name])
    ]


def paired(readings: Sequence[Reading]) -> bool:
    """Whether several runs were measured on the same rows, so that their differences can be taken row by row."""
    first = readings[0].batch.x
    return len(readings) > 1 and all(torch.equal(each.batch.x, first) for each in readings)


def differences(readings: Sequence[Reading]) -> tuple[list[float], list[float | None]] | None:
    """Evidence of each run less that of the best, and the standard errors; None where rows are not the same."""
    if not paired(readings):
        return None
    names = [str(number) for number in range(len(readings))]
    found = compare_evidence({n: each.bounds.evidence for n, each in zip(names, readings, strict=True)})
    place = [found.names.index(name) for name in names]
    errors = [None if i == 0 else float(found.standard_error[i]) for i in place]
    return [float(found.difference[i]) for i in place], errors


def written(value: float | None, digits: int = 2) -> str:
    """A number as the page prints it: a true minus, a dash for none, words for what is not finite.

    Example:
        >>> written(-1.25, 1), written(None), written(math.inf)
        ('−1.2', '–', 'infinite')
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "infinite" if value > 0 else "−infinite"
    text = f"{value:.{digits}f}"
    text = text.lstrip("-") if float(text) == 0 else text
    return text.replace("-", "−")
