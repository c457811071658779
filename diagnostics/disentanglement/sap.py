"""Separated attribute predictability: can each true factor be read from one dimension, and from no other?"""

from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from .gap import lead_of_best
from .levels import is_discrete
from .split import learn_and_test
from .truth import as_points, as_truth

__all__ = ["SAP", "sap"]


@dataclass(frozen=True)
class SAP:
    """Separated attribute predictability of each of F factors. 1: one dimension predicts it, the others do not.

    Attributes:
        gap: ``[F]``, from 0 to 1; NaN for a factor that the rows cannot score.
        best: ``[F]``, the dimension that predicts it best; -1 where it cannot be scored.
        predictability: ``[D, F]``, held out: 0 is a constant guess, 1 is perfect.
    """

    gap: np.ndarray
    best: np.ndarray
    predictability: np.ndarray

    @property
    def score(self) -> float:
        """Mean of ``gap`` over the factors that can be scored."""
        return float(np.nanmean(self.gap))


def sap(z: Array, factors: Array, *, active: Array | None = None, seed: int = 0) -> SAP:
    r"""Gap of the two dimensions that predict a factor best, each alone, on held-out rows.

    A continuous factor is predicted by a straight line, and the score is

    .. math:: R^2 = 1 - \frac{\sum_n (v_n - \hat v_n)^2}{\sum_n (v_n - \bar v)^2}

    A discrete one of K levels is predicted by K - 1 thresholds, a tree of K leaves, all levels having equal weight; the
    score is the balanced accuracy, the mean over levels of the share of rows found, taken from chance to 1 as

    .. math:: \frac{\text{balanced accuracy} - 1/K}{1 - 1/K}

    so that factors of either kind compare. Neither is let fall below 0.

    Args:
        z: ``[N, D]`` points, such as posterior means.
        factors: ``[N, F]``. A column of whole numbers is discrete; any other is continuous.
        active: ``[N, F]`` booleans; each factor is scored on its active rows.
        seed: of the third of the rows that is held out.

    Raises:
        ValueError: shapes that do not fit, NaN, a posterior for points, or no factor that can be scored: active on 6
            rows or more, with several values.

    References:
        Kumar, Sattigeri, Balakrishnan, "Variational Inference of Disentangled Latent Concepts from Unlabeled
        Observations" (ICLR 2018), section 3. There the accuracy is neither held out nor taken from chance, and two
        levels are told apart by a linear support vector machine, which on one dimension is a threshold.

    Example:
        >>> random = np.random.default_rng(0)
        >>> factors = np.stack([random.integers(0, 3, 300), random.random(300)], 1)
        >>> result = sap(-factors[:, [1, 0]], factors)
        >>> round(result.score, 1), result.best
        (1.0, array([1, 0]))
    """
    points = as_points(z)
    values, here = as_truth(factors, active, len(points))
    score = np.full((points.shape[1], values.shape[1]), np.nan)
    for f, learn, test in learn_and_test(values, here, seed):
        predicted = by_thresholds if is_discrete(values[here[:, f], f]) else by_line
        score[:, f] = predicted(points[learn], values[learn, f], points[test], values[test, f]).clip(min=0)
    gap, best = lead_of_best(score)
    return SAP(gap=gap, best=best, predictability=score)


def by_line(z: np.ndarray, v: np.ndarray, z_test: np.ndarray, v_test: np.ndarray) -> np.ndarray:
    """Held-out R^2 ``[D]`` of the least-squares line of v on each dimension; of a constant one, the mean's."""
    centre, mean = z.mean(0), v.mean()
    spread = ((z - centre) ** 2).sum(0)
    slope = np.divide((v - mean) @ (z - centre), spread, out=np.zeros_like(spread), where=spread > 0)
    error = v_test[:, None] - mean - slope * (z_test - centre)
    return 1 - (error**2).sum(0) / ((v_test - mean) ** 2).sum()


def by_thresholds(z: np.ndarray, v: np.ndarray, z_test: np.ndarray, v_test: np.ndarray) -> np.ndarray:
    """Held-out balanced accuracy ``[D]`` of a tree of K leaves on each dimension, from chance to 1."""
    from sklearn.tree import DecisionTreeClassifier

    levels = np.unique(v)
    tree = DecisionTreeClassifier(max_leaf_nodes=len(levels), class_weight="balanced", random_state=0)
    right = [tree.fit(a[:, None], v).predict(b[:, None]) == v_test for a, b in zip(z.T, z_test.T, strict=True)]
    found = [np.mean([hit[v_test == level].mean() for level in np.unique(v_test)]) for hit in right]
    return (np.array(found) * len(levels) - 1) / (len(levels) - 1)
