"""What a handful of labels makes of a representation: the accuracy of logistic regression on it."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import Array, as_numpy

__all__ = ["FewLabels", "few_label_accuracy"]


@dataclass(frozen=True)
class FewLabels:
    """A classifier from N labelled rows.

    Attributes:
        labels: N.
        accuracy: share of the test rows that it classifies rightly.
        error: standard error of ``accuracy`` over the test rows.
        validation: the same share of the validation rows, on which its regularisation was chosen.
        majority: share of the largest class of the test rows: what a constant guess reaches.
        strength: the inverse regularisation C that was chosen.
    """

    labels: int
    accuracy: float
    error: float
    validation: float
    majority: float
    strength: float


def few_label_accuracy(
    labelled: tuple[Array, Array],
    validation: tuple[Array, Array],
    test: tuple[Array, Array],
    *,
    strengths: Sequence[float] = (0.01, 0.1, 1.0, 10.0),
    floor: float = 0.01,
    steps: int = 100,
) -> FewLabels:
    r"""Test accuracy of multinomial logistic regression on labelled rows of a representation.

    Features are centred, and divided by :math:`\max(\text{standard deviation}, \text{floor})`, both of the labelled
    rows. Without the floor a feature that hardly moves, such as a gate that is shut on all rows but for its last
    decimals, would be magnified until it could be read: no draw of it could.

    Args:
        labelled: features ``[N, F]`` and labels ``[N]`` to learn from.
        validation: features and labels by which C is chosen; the strongest regularisation among equals.
        test: features and labels that are looked at once.
        strengths: values of C, the inverse regularisation, ascending.
        floor: the least standard deviation that is scaled to 1; codes, gates and pixels have units of about 1.
        steps: most iterations of the optimiser (L-BFGS) for each C, each begun where the last one ended.

    Raises:
        ValueError: features and labels of different lengths, sets of different numbers of features, features that are
            not finite, labels that are no whole numbers, or a single class to learn from.

    References:
        Tonolini, Jensen, Murray-Smith, "Variational Sparse Coding" (UAI 2019), section 5.3: classification of the
        latent means with few labels.

    Example:
        >>> x = np.array([[-1.0], [-2.0], [1.0], [2.0]])
        >>> rows = (x, (x > 0).ravel())
        >>> few_label_accuracy(rows, rows, rows).accuracy
        1.0
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    sets = {"labelled": labelled, "validation": validation, "test": test}
    (x, y), (x_choice, y_choice), (x_test, y_test) = (checked(name, *rows, labelled[0]) for name, rows in sets.items())
    if len(np.unique(y)) < 2:
        raise ValueError(
            f"labelled: expected rows of at least two classes; got {len(y)} of one.\n"
            "Try one of:\n- a balanced draw of the labelled rows, such as label_mask makes"
        )
    centre, scale = x.mean(0), np.maximum(x.std(0), floor)
    x, x_choice, x_test = ((each - centre) / scale for each in (x, x_choice, x_test))

    model = LogisticRegression(max_iter=steps, tol=1e-3, warm_start=True)
    best, strength, right = -1.0, 0.0, np.zeros(len(y_test), dtype=bool)
    for C in strengths:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the next C goes on from there
            model.set_params(C=C).fit(x, y)
        score = float(np.mean(model.predict(x_choice) == y_choice))
        if score > best:
            best, strength, right = score, C, np.equal(model.predict(x_test), y_test)
    accuracy = float(right.mean())
    return FewLabels(
        labels=len(y),
        accuracy=accuracy,
        error=math.sqrt(accuracy * (1 - accuracy) / len(right)),
        validation=best,
        majority=float(np.unique(y_test, return_counts=True)[1].max() / len(y_test)),
        strength=strength,
    )


def checked(name: str, x: Array, y: Array, like: Array) -> tuple[np.ndarray, np.ndarray]:
    """Features as float32 and labels as integers, or a ValueError that names the set."""
    features, label = as_numpy(x).astype(np.float32), as_numpy(y)
    wanted = as_numpy(like).shape[-1:]
    if features.ndim != 2 or features.size == 0 or features.shape[1:] != wanted or label.shape != features.shape[:1]:
        raise ValueError(
            f"{name}: expected features [N, {wanted[0] if wanted else 'F'}] and labels [N], none of them empty; "
            f"got {list(features.shape)} and {list(label.shape)}.\n"
            "Try one of:\n- x.flatten(1) for images\n- y[:, i] for one of several attributes"
        )
    if not np.isfinite(features).all() or not np.array_equal(label, np.round(label)):  # NaN is unequal to itself
        raise ValueError(
            f"{name}: expected finite features and whole numbers as labels; "
            f"got {int((~np.isfinite(features)).sum())} features that are not finite, labels of {label.dtype}.\n"
            "Try one of:\n- x[labelled], y[labelled] to leave out rows without a label"
        )
    return features, label.astype(int)
