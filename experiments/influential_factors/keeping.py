"""What is left when only some dimensions are kept: accuracy of classifiers, and error of reconstructions."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from torch import Tensor

from ...diagnostics import fano_bound, keep_only
from ...inference import Run
from ..rows import Rows
from .classifier import classifier
from .reference import ACCURACY, GENERATED

__all__ = ["Kept", "kept_dimensions", "measure_accuracy", "measure_reconstruction", "numbers_kept"]

DRAWS, RECONSTRUCTED = 3, 200
Kept = tuple[int, ...]


def numbers_kept(dim: int) -> list[int]:
    """How many dimensions are kept: the numbers of the source, 1, and all.

    Example:
        >>> numbers_kept(8)
        [0, 1, 2, 3, 4, 6, 7, 8]
    """
    return sorted({k for k in {*ACCURACY, *GENERATED, dim} if k <= dim})


def kept_dimensions(orders: Mapping[str, np.ndarray], ks: Sequence[int]) -> dict[str, list[list[Kept]]]:
    """Which dimensions each way of choosing keeps: way -> number -> choices, of which a random one has several.

    Args:
        orders: way -> all dimensions, the first to be kept first; "top" is among them.
        ks: the numbers kept.

    Returns:
        The ways given, "bottom" (the last of "top") and "random".

    Example:
        >>> kept_dimensions({"top": np.array([2, 0, 1])}, [1])["bottom"]
        [[(1,)]]
    """
    generator = np.random.default_rng(0)
    orders = {**orders, "bottom": orders["top"][::-1]}
    chosen = {way: [[tuple(sorted(map(int, order[:k])))] for k in ks] for way, order in orders.items()}
    shuffled = [generator.permutation(len(orders["top"])) for _ in range(DRAWS)]
    return chosen | {"random": [[tuple(sorted(map(int, order[:k]))) for order in shuffled] for k in ks]}


def over(chosen: Mapping[str, list[list[Kept]]], figure: Callable[[Kept], float]) -> dict[str, list[list[float]]]:
    """A figure of every choice, each set of dimensions looked at once."""
    once = cache(figure)
    return {way: [[once(each) for each in choices] for choices in by_number] for way, by_number in chosen.items()}


def measure_accuracy(
    train: Rows, test: Rows, information: np.ndarray, orders: Mapping[str, np.ndarray], ks: Sequence[int]
) -> dict[str, Any]:
    r"""Share of test rows whose class is told by the kept dimensions alone.

    Args:
        train: rows with one label each.
        test: alike.
        information: ``[D]``, nats.
        orders: as :func:`kept_dimensions` takes them.
        ks: the numbers kept.

    Returns:
        For each way and number a list: "zeroed", by one classifier of all the means, the means of the other dimensions
        set to zero on test rows (the source's experiment); "refit", by a classifier trained anew on the means kept;
        "drawn", of the top only, trained and tested on draws of the posterior instead of means, beside "ceiling", what
        Fano's bound leaves any classifier of those draws, since :math:`I(x; z_S) \le \sum_{h \in S} I(x; z_h)`; and
        "majority", the share of the largest class.
    """
    (part,), (final,) = train.parts.values(), test.parts.values()
    z, y, z_test, y_test = train.code.z[part.known], part.y[part.known], test.code.z[final.known], final.y[final.known]
    drawn, drawn_test = train.code.marginal.sample()[part.known], test.code.marginal.sample()[final.known]
    chosen = kept_dimensions(orders, ks)
    whole = classifier(z, y)

    def share(predicted: Tensor) -> float:
        return float((predicted == y_test).double().mean())

    def zeroed(kept: Kept) -> float:
        return share(whole(keep_only(z_test, kept)))

    def refit(kept: Kept, z: Tensor = z, z_test: Tensor = z_test) -> float:
        return share(classifier(z[:, kept], y)(z_test[:, kept]))

    top = {"top": chosen["top"]}
    return {
        "zeroed": over(chosen, zeroed),
        "refit": over(chosen, refit),
        "drawn": over(top, lambda kept: refit(kept, drawn, drawn_test)),
        "ceiling": [1 - fano_bound(float(information[list(kept)].sum()), y_test) for (kept,) in chosen["top"]],
        "majority": float(y_test.bincount().max()) / len(y_test),
    }


def measure_reconstruction(
    run: Run, test: Rows, orders: Mapping[str, np.ndarray], ks: Sequence[int]
) -> dict[str, list[list[float]]]:
    """Root mean squared error of a pixel of test rows, decoded from the dimensions kept, the others zero.

    Args:
        run: whose decoder draws.
        test: rows, of which the first 200 are decoded.
        orders: as :func:`kept_dimensions` takes them.
        ks: the numbers kept.
    """
    x, z = test.batch.x[:RECONSTRUCTED], test.code.z[:RECONSTRUCTED]

    def error(kept: Kept) -> float:
        return math.sqrt(float((run.decode(keep_only(z, kept)) - x).square().mean()))

    return over(kept_dimensions(orders, ks), error)
