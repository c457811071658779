"""log q(y | x) of every known label, by quadrature or by draws."""

from typing import Any

from torch import Tensor

from ...distributions import binary_label_marginal, categorical_label_marginal
from ...networks import DiagonalLinear

__all__ = ["log_marginal"]


def log_marginal(classifier: DiagonalLinear, q: Any, y: Tensor, draws: int | None, *, classes: bool) -> Tensor:
    r"""Log q(y_g | x), ``[B, G]`` in nats.

    .. math:: q(y \mid x) = E_{q(c \mid x)}\, q(y \mid c)

    Args:
        classifier: of the code.
        q: q(c | x), an independent Normal over ``[B, C]`` elements.
        y: ``[B, G]`` integers.
        draws: None for quadrature.
        classes: whether G is one label of several classes.
    """
    loc, scale = classifier(q.loc), classifier.spread(q.scale)
    if classes:
        return categorical_label_marginal(loc, scale, draws=draws).gather(-1, y)
    return binary_label_marginal(y, loc, scale, draws=draws)
