"""Are the dimensions that an attribute switches on those that draw it?"""

from dataclasses import dataclass

import numpy as np

from .arrays import Array, as_numpy

__all__ = ["Agreement", "pattern_agreement"]


@dataclass(frozen=True)
class Agreement:
    """What a pattern says of D dimensions, and what they draw, among L attributes.

    Attributes:
        share: ``[L, D]``, the part of what a dimension draws that lies where the attribute is; NaN for a dimension that
            draws nothing.
        said: ``[D]``, the attribute that raises a dimension most; -1 if none does.
        drawn: ``[D]``, the attribute of the largest share; -1 for a dimension that draws nothing on any of them.
        accuracy: part of the dimensions that draw an attribute for which ``said`` is that attribute.
        majority: what the best constant answer would reach: the chance level.
    """

    share: np.ndarray
    said: np.ndarray
    drawn: np.ndarray
    accuracy: float
    majority: float


def pattern_agreement(pattern: Array, drawn: Array, region: Array) -> Agreement:
    r"""Compares the attributes that switch a dimension on with the region of the image that it changes.

    A pixel p belongs to attribute l in the part :math:`R_l(p) / \sum_m R_m(p)`, and a dimension j to the attribute on
    which most of what it draws lies:

    .. math::
        S_{lj} = \frac{\sum_p |d_j(p)| \, R_l(p) / \sum_m R_m(p)}{\sum_p |d_j(p)|}, \qquad
        \text{accuracy} = \frac{1}{|J|} \sum_{j \in J} \big[\arg\max_l W_{lj} = \arg\max_l S_{lj}\big]

    The two sides are independent: the pattern is learned or counted on codes and labels, the drawing is measured on the
    decoder, the regions belong to the data. What a dimension draws where no attribute is belongs to none, so that
    :math:`\sum_l S_{lj} \le 1`; J are the dimensions that draw on one at all.

    Args:
        pattern: ``[L, D]``, by how much attribute l raises dimension j: the weights W of
            :math:`\mathrm{logit}\, a_j = b_j + \sum_l y_l W_{lj}`, or :math:`P(\text{open} \mid l) -
            P(\text{open} \mid \neg l)` (``active_matching(gate, y).matrix``) of a code without a table.
        drawn: ``[D, H, W]`` or ``[D, C, H, W]``, what each dimension draws (``drawn_by``). Give used dimensions only.
        region: ``[L, H, W]``, or with channels, not negative: where each attribute is, such as the mean absolute
            difference of images with it and without it, all else equal.

    Raises:
        ValueError: shapes that do not fit, values not finite, negative regions, or no dimension that draws any of them.

    References:
        The score is our choice.

    Example:
        >>> region = np.array([[[1.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]]])
        >>> drawn = np.array([[[2.0, 0.0, 0.0]], [[0.0, 0.0, -1.0]], [[0.0, 3.0, 1.0]]])
        >>> agreement = pattern_agreement(np.array([[4.0, -1.0, -2.0], [0.0, 5.0, 3.0]]), drawn, region)
        >>> agreement.said, agreement.drawn, round(agreement.accuracy, 2), round(agreement.majority, 2)
        (array([0, 1, 1]), array([0, 1, 0]), 0.67, 0.67)
    """
    weight, ink, place = as_numpy(pattern), np.abs(as_numpy(drawn)), as_numpy(region)
    fits = (
        weight.ndim == 2
        and ink.ndim >= 2
        and weight.shape == (len(place), len(ink))
        and ink.shape[1:] == place.shape[1:]
    )
    if not fits or not all(np.isfinite(each).all() for each in (weight, ink, place)) or (place < 0).any():
        raise ValueError(
            "pattern, drawn, region: expected finite arrays [L, D], [D, H, W] and [L, H, W], the last not negative; "
            f"got shapes {list(weight.shape)}, {list(ink.shape)} and {list(place.shape)}.\n"
            "Try one of:\n"
            "- pattern[:, used] and drawn_by(decode, z, used), of the same dimensions\n"
            "- pattern.T when the dimensions come first\n"
            "- abs(with_attribute - without).mean(0) for a region"
        )
    ink, place = ink.reshape(len(ink), -1), place.reshape(len(place), -1)
    total = place.sum(0)
    belongs = np.divide(place, total, out=np.zeros(place.shape), where=total > 0)
    amount = ink.sum(1)
    share = np.divide(belongs @ ink.T, amount, out=np.full(weight.shape, np.nan), where=amount > 0)

    truth = np.where(share.max(0) > 0, share.argmax(0), -1)
    said = np.where(weight.max(0) > 0, weight.argmax(0), -1)
    draws = truth >= 0
    if not draws.any():
        raise ValueError(
            f"drawn: expected at least one of the {len(ink)} dimensions to change the region of an attribute; "
            "none does.\n"
            "Try one of:\n"
            "- drawn_by(decode, z) on codes whose gates are open\n"
            "- regions and pictures of one orientation and scale"
        )
    return Agreement(
        share=share,
        said=said,
        drawn=truth,
        accuracy=float((said == truth)[draws].mean()),
        majority=float(np.bincount(truth[draws]).max() / draws.sum()),
    )
