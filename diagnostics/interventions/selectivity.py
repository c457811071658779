"""Moving one block: how much of what changes in the image is the quantity that the block is meant to change."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import Array, as_numpy

__all__ = ["Selectivity", "intervention_selectivity"]


@dataclass(frozen=True)
class Selectivity:
    """What moving each of K blocks changes among F measured quantities.

    Attributes:
        change: ``[K, F]``, mean absolute change, in standard deviations of the quantity.
        change_error: ``[K, F]``, standard errors over the rows; NaN from one row.
        share: ``[K]``, the part of a block's change that falls on its own quantities, in ``[0, 1]``; NaN for a block
            that changes nothing.
        share_error: ``[K]``.
        chance: ``[K]``, the share of a block that changes all quantities alike: the part of the F that are its own.
        score: mean share of the blocks; a block that changes nothing counts as 0, for it does not do what it is for.
        score_error: with the blocks of one row taken together.
    """

    change: np.ndarray
    change_error: np.ndarray
    share: np.ndarray
    share_error: np.ndarray
    chance: np.ndarray
    score: float
    score_error: float


def intervention_selectivity(
    measure: Callable[[np.ndarray], Array],
    before: Array,
    after: Iterable[Array],
    own: Sequence[int] | None = None,
    scale: Array | None = None,
) -> Selectivity:
    r"""How much of the change that moving a block makes falls on the quantities it is meant for.

    .. math::
        c_{kf} = \frac1N \sum_n \frac{|m_f(\tilde x_n^k) - m_f(x_n)|}{\sigma_f}, \qquad
        \mathrm{share}_k = \frac{\sum_{f : \mathrm{own}(f) = k} c_{kf}}{\sum_f c_{kf}}

    with :math:`\tilde x^k` the images after block k alone was moved. If every block moves its own quantity only, all
    shares are 1; if all blocks move all quantities alike, they are ``chance``, 1 / F for one quantity a block. The
    share does not say how much a block moves: read ``change`` beside it. Errors of the shares are those of a ratio of
    means, by the delta method.

    Args:
        measure: from images ``[N, ...]`` to quantities ``[N, F]``: shapes measured from the pixels, or a reader of the
            true factors, trained on real images. Called K + 1 times.
        before: ``[N, ...]``, images as they are: ``decode(z)``.
        after: K arrays of that shape, image n of each with one block moved (:func:`swap`). An iterator will do: only
            one of them is looked at at a time.
        own: ``[F]``, for each quantity the block that it belongs to, or -1 for a quantity that no block should change;
            None if there are as many blocks as quantities, one for each in order.
        scale: ``[F]``, the :math:`\sigma_f`; None for the standard deviations over the images before. Give those of
            real images to compare models: what hardly varies in a model's images would weigh too much.

    Raises:
        ValueError: shapes that do not fit, quantities that are not finite, a scale that is not positive, a block
            without a quantity of its own, or no block.

    References:
        The score is our choice.

    Example:
        >>> z = np.array([[0.0, 0.0], [1.0, 1.0]])
        >>> after = [np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [1.0, 0.0]])]
        >>> selectivity = intervention_selectivity(lambda images: images, z, after)
        >>> selectivity.share, selectivity.chance, selectivity.score
        (array([1., 1.]), array([0.5, 0.5]), 1.0)
    """
    images = as_numpy(before)
    start = quantities(measure(images), images)
    spread = start.std(0) if scale is None else as_numpy(scale).astype(float)
    if spread.shape != start.shape[1:] or not (np.isfinite(spread) & (spread > 0)).all():
        raise ValueError(
            f"scale: expected {start.shape[1]} positive numbers, one for each quantity; got shape "
            f"{list(spread.shape)}, not positive for quantities {np.flatnonzero(~(spread > 0)).tolist()}.\n"
            "Try one of:\n"
            "- scale=measure(real images).std(0)\n"
            "- a measure without the quantities that never vary"
        )

    def moved(picture: Array) -> np.ndarray:
        changed = as_numpy(picture)
        if changed.shape != images.shape:
            raise ValueError(
                f"after: expected K arrays of images of the shape of before, {list(images.shape)}; "
                f"got {list(changed.shape)}.\n"
                "Try one of:\n"
                "- [swap(decode, z, block, partner) for block in blocks]"
            )
        return np.abs(quantities(measure(changed), images) - start) / spread

    changes = [moved(picture) for picture in after]
    if not changes:
        raise ValueError(
            "after: expected the images of at least one moved block; got none.\n"
            "Try one of:\n"
            "- [swap(decode, z, block, partner) for block in blocks]"
        )
    mine = belonging(own, len(changes), start.shape[1])
    change = np.stack(changes)  # [K, N, F]
    part, whole = (change * mine[:, None]).sum(-1), change.sum(-1)  # [K, N]
    mean = whole.mean(1)
    share = np.divide(part.mean(1), mean, out=np.full(len(mean), np.nan), where=mean > 0)
    # A share is a ratio of means: each row pulls it by so much.
    pull = np.divide(part - share[:, None] * whole, mean[:, None], out=np.zeros(part.shape), where=mean[:, None] > 0)
    return Selectivity(
        change=change.mean(1),
        change_error=error(change, 1),
        share=share,
        share_error=np.where(mean > 0, error(pull, 1), np.nan),
        chance=mine.mean(1),
        score=float(np.nan_to_num(share).mean()),
        score_error=float(error(pull.mean(0), 0)),
    )


def quantities(value: Array, images: np.ndarray) -> np.ndarray:
    """Finite quantities ``[N, F]`` of images ``[N, ...]``.

    Raises:
        ValueError: another shape, or NaN.

    Example:
        >>> quantities(np.ones((2, 3)), np.zeros((2, 1, 4, 4))).shape
        (2, 3)
    """
    measured = as_numpy(value).astype(float)
    if measured.ndim != 2 or measured.size == 0 or len(measured) != len(images) or not np.isfinite(measured).all():
        raise ValueError(
            f"measure: expected finite quantities of shape [{len(images)}, F], a row for each image; got shape "
            f"{list(measured.shape)}, {int((~np.isfinite(measured)).sum())} of them not finite.\n"
            "Try one of:\n"
            "- measured[:, None] for a single quantity\n"
            "- np.nan_to_num(measured), where an image has nothing to measure"
        )
    return measured


def belonging(own: Sequence[int] | None, K: int, F: int) -> np.ndarray:
    """Booleans ``[K, F]``: whether a quantity is the block's own.

    Raises:
        ValueError: blocks that do not exist, or a block without a quantity.

    Example:
        >>> belonging([0, 1, 1, -1], K=2, F=4).astype(int)
        array([[1, 0, 0, 0],
               [0, 1, 1, 0]])
    """
    index = np.arange(F) if own is None else np.asarray(own)
    mine = index == np.arange(K)[:, None] if index.shape == (F,) else np.zeros((K, F), dtype=bool)
    if not mine.any(1).all() or not np.isin(index, np.arange(-1, K)).all():
        raise ValueError(
            f"own: expected for each of the {F} quantities one of the {K} blocks or -1, and a quantity at least for "
            f"each block; got {index.tolist()}.\n"
            "Try one of:\n"
            "- own=None for as many blocks as quantities, one for each in order\n"
            "- own=[0, 0, 1, -1] for quantities 0 and 1 of block 0, 2 of block 1, and 3 of none"
        )
    return mine


def error(value: np.ndarray, axis: int) -> np.ndarray:
    """Standard error of the mean along an axis of rows; NaN from one row."""
    rows = value.shape[axis]
    return value.std(axis, ddof=1) / rows**0.5 if rows > 1 else value.mean(axis) * np.nan
