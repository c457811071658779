"""What a swap costs: how much less a separate classifier believes in the labels that it should have kept."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..arrays import Array, as_numpy

__all__ = ["SwapCost", "swap_cost"]


@dataclass(frozen=True)
class SwapCost:
    """Fall of the log-probability of L labels, in nats per row; lower is better.

    Attributes:
        label: ``[L]``, of each label.
        label_error: ``[L]``, standard errors over the rows; NaN from one row.
        total: of all labels together, the sum over them.
        total_error: its standard error, with the labels of one row taken together.
    """

    label: np.ndarray
    label_error: np.ndarray
    total: float
    total_error: float


def swap_cost(log_prob: Callable[[np.ndarray], Array], before: Array, after: Array) -> SwapCost:
    r"""Fall of a classifier's log-probability of the labels of row n when its image is replaced by a swap.

    .. math:: \mathrm{cost}_l = \frac1N \sum_n \big[ \log c(y_{nl} \mid x_n) - \log c(y_{nl} \mid \tilde x_n) \big]

    Two uses. Row A with the **style** of B should keep all of A's labels: 0 is perfect. B's row with the
    **characteristics** of A should have A's labels: 0 is perfect too, with :math:`x_n` the image of A. Below 0, the
    swap shows a label more clearly than the original did.

    Args:
        log_prob: from images ``[N, ...]`` to the log-probability, in nats, of the labels of these very rows: ``[N]``
            for one label a row (a class), ``[N, L]`` for L attributes. From a classifier trained on real images, apart
            from the autoencoder. Called twice.
        before: ``[N, ...]``, the rows' own images: ``decode(z)`` and not the data, or the cost would charge the swap
            for the blur of the decoder.
        after: images of the same shape (:func:`swap`).

    Raises:
        ValueError: images of different shapes, log-probabilities of another shape, positive, or not finite.

    References:
        Joy, Schmon, Torr, Siddharth, Rainforth, "Capturing Label Characteristics in VAEs" (ICLR 2021): the change of a
        pretrained classifier's log-probabilities under a characteristic swap.

    Example:
        >>> bright = lambda images: np.log(images)
        >>> cost = swap_cost(bright, np.array([0.5, 0.5]), np.array([0.5, 0.25]))
        >>> round(float(cost.total / np.log(2)), 6)
        0.5
    """
    first, second = as_numpy(before), as_numpy(after)
    if first.shape != second.shape or first.size == 0:
        raise ValueError(
            f"after: expected images of the shape of before, {list(first.shape)}; got {list(second.shape)}.\n"
            "Try one of:\n"
            "- before=decode(z), after=swap(decode, z, block, partner)"
        )
    fall = nats(log_prob(first), len(first)) - nats(log_prob(second), len(second))
    whole = fall.sum(1)
    rows = len(fall)
    spread = np.full(fall.shape[1] + 1, np.nan) if rows < 2 else np.c_[fall, whole].std(0, ddof=1) / rows**0.5
    return SwapCost(
        label=fall.mean(0), label_error=spread[:-1], total=float(whole.mean()), total_error=float(spread[-1])
    )


def nats(value: Array, rows: int) -> np.ndarray:
    """Log-probabilities ``[N, L]`` of labels, from ``[N]`` or ``[N, L]``.

    Raises:
        ValueError: another shape, or what can be no log-probability.

    Example:
        >>> nats(np.array([-1.0, -2.0]), rows=2).shape
        (2, 1)
    """
    given = as_numpy(value).astype(float)
    if given.ndim not in (1, 2) or len(given) != rows or not (np.isfinite(given) & (given <= 1e-6)).all():
        raise ValueError(
            f"log_prob: expected finite log-probabilities in nats of shape [{rows}] or [{rows}, labels], none above 0; "
            f"got shape {list(given.shape)}, {int((~np.isfinite(given)).sum())} of them not finite, "
            f"{int((given > 1e-6).sum())} positive.\n"
            "Try one of:\n"
            "- log_softmax(logits, -1)[range(N), y] for classes\n"
            "- -binary_cross_entropy_with_logits(logits, y, reduction='none') for attributes\n"
            "- probabilities kept away from 0, where log p is infinite"
        )
    return given[:, None] if given.ndim == 1 else given
