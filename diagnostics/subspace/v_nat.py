"""V-nat: how much narrower than the prior's component the posterior of a class is, in each dimension."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import Array, as_label, as_numpy

__all__ = ["VNat", "v_nat"]


@dataclass(frozen=True)
class VNat:
    """V-nat of K classes in D dimensions; a class without a row is a row of NaN.

    Attributes:
        value: ``[K, D]``, nats.
        standard_error: ``[K, D]``, over the rows of the class; NaN from one row.
        rows: ``[K]``, how many rows each class had.
    """

    value: np.ndarray
    standard_error: np.ndarray
    rows: np.ndarray


def v_nat(
    variance: Array, y: Array, prior_variance: float | Array, *, classes: int | Sequence[str] | None = None
) -> VNat:
    r"""Log of the mean ratio of the prior's variance to the posterior's, for each class and dimension, in nats.

    .. math:: V_{kj} = \log \frac1{N_k} \sum_{n : y_n = k} \frac{\Sigma_{kj}}{v_{kj}(x_n)}

    0 where the posterior is the prior's component: the dimension says nothing of the rows of this class beyond the
    class itself. It is no information: a mean of ratios is led by the narrowest posteriors, and what the posterior's
    mean does is not seen. Errors are by the delta method: that of the mean ratio, over the mean ratio.

    Args:
        variance: ``[N, D]``, the posterior's variance of each row given its own class; or ``[N, K, D]``, given every
            class, of which that of the row's class is read.
        y: ``[N]``, labels ``0 .. K - 1``.
        prior_variance: of the components: a number, ``[D]``, or ``[K, D]``.
        classes: their number K or their names; ``None`` takes K of ``variance`` if it has one, or the largest label
            met.

    Raises:
        ValueError: shapes that do not fit, variances that are not positive and finite, labels outside ``0 .. K - 1``.

    References:
        An, Choi, Jeon, "EXoN: EXplainable encoder Network" (arXiv 2105.10867): V-nat.

    Example:
        >>> variance = np.array([[4.0, 0.5], [4.0, 1.0], [4.0, 4.0]])
        >>> found = v_nat(variance, y=np.array([0, 0, 1]), prior_variance=4.0)
        >>> found.value.round(3)
        array([[0.   , 1.792],
               [0.   , 0.   ]])
    """
    given = positive("variance", variance)
    if given.ndim not in (2, 3) or given.size == 0:
        raise ValueError(
            "variance: expected variances of shape [rows, dimensions] or [rows, classes, dimensions], none of them "
            f"empty; got {list(given.shape)}.\n"
            "Try one of:\n"
            "- variance[:, None] for a single dimension\n"
            "- scale.square() when the guide gives standard deviations"
        )
    label = as_numpy(as_label(y, len(given)))
    own = given.shape[1] if given.ndim == 3 else int(label.max()) + 1
    K = own if classes is None else classes if isinstance(classes, int) else len(classes)
    if label.min() < 0 or label.max() >= K or (given.ndim == 3 and own != K):
        raise ValueError(
            f"y: expected labels from 0 to {K - 1}, and variances [rows, {K}, dimensions] if they are of every class; "
            f"got labels from {label.min()} to {label.max()} and variances of shape {list(given.shape)}.\n"
            "Try one of:\n"
            "- classes= with every class of the prior\n"
            "- variance[y >= 0], y[y >= 0] when negative numbers stand for rows without a label"
        )
    posterior = given[np.arange(len(given)), label] if given.ndim == 3 else given
    ratio = components(prior_variance, K, posterior.shape[1])[label] / posterior
    belongs = np.eye(K)[:, label]  # [K, N]
    rows = belongs.sum(1)
    mean = divided(belongs @ ratio, rows)
    spread = divided(belongs @ (ratio - mean[label]) ** 2, rows - 1)
    return VNat(np.log(mean), np.sqrt(divided(spread, rows)) / mean, rows.astype(int))


def positive(name: str, variance: float | Array) -> np.ndarray:
    """Variances, every one of them positive and finite.

    Raises:
        ValueError: any that is not.

    Example:
        >>> positive("variance", 4.0)
        array(4.)
    """
    given = as_numpy(np.asarray(variance) if isinstance(variance, float | int) else variance).astype(float)
    wrong = ~(np.isfinite(given) & (given > 0))
    if wrong.any():
        raise ValueError(
            f"{name}: expected positive, finite variances; {int(wrong.sum())} of {given.size} are not.\n"
            "Try one of:\n"
            "- log_variance.exp() when the guide gives logarithms\n"
            "- look for NaN in the guide's output: the run may have diverged"
        )
    return given


def components(prior_variance: float | Array, K: int, D: int) -> np.ndarray:
    """Variances ``[K, D]`` of the prior's components, from a number, ``[D]`` or ``[K, D]``.

    Raises:
        ValueError: another shape, or variances that are not positive.

    Example:
        >>> components(np.array([1.0, 2.0]), K=2, D=2)
        array([[1., 2.],
               [1., 2.]])
    """
    given = positive("prior_variance", prior_variance)
    if given.shape not in ((), (D,), (K, D)):
        raise ValueError(
            f"prior_variance: expected a number, or shape [{D}] or [{K}, {D}]; got {list(given.shape)}.\n"
            "Try one of:\n"
            "- prior_variance[:, None].expand(K, D) for one variance a class\n"
            "- covariance.diagonal(dim1=-2, dim2=-1) for whole covariances"
        )
    return np.broadcast_to(given, (K, D))


def divided(total: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Rows ``[K, D]`` by a number each; NaN by none.

    Example:
        >>> divided(np.ones((2, 1)), np.array([2, 0]))
        array([[0.5],
               [nan]])
    """
    by = np.broadcast_to(number[:, None], total.shape)
    return np.divide(total, by, out=np.full(total.shape, np.nan), where=by > 0)
