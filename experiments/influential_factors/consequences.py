"""What one dimension alone is good for: to tell rows from each other, and classes."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...diagnostics.information.bounds import taken

__all__ = ["class_told", "row_told"]

CANDIDATES, POINTS = 100, 2000


def row_told(marginal: Any, draws: int = 4) -> np.ndarray:
    """Share of draws of a dimension from which the best reader picks the right row among 100, ``[D]``.

    Each row of the posterior is drawn from, and stands among 99 others. The reader knows the posteriors of all hundred
    and nothing else; chance is .01, and two kinds of rows, told apart without fault, give .02. NaN for fewer rows.

    Args:
        marginal: the posterior, batch ``[N, D]``; its rows are dealt into hundreds, and what is over is left out.
        draws: of every row.

    Example:
        >>> apart = torch.distributions.Normal(100 * torch.arange(200.0)[:, None], torch.ones(200, 1))
        >>> row_told(apart)
        array([1.])
    """
    N, D = marginal.batch_shape
    groups = N // CANDIDATES
    shuffled = torch.randperm(N, generator=torch.Generator().manual_seed(0))  # neighbours may be alike
    rows = shuffled[: groups * CANDIDATES].reshape(groups, CANDIDATES)
    right = torch.zeros(D, dtype=torch.double)
    for group in rows:
        q = taken(marginal, group)
        for _ in range(draws):
            told = q.log_prob(q.sample()[:, None])  # [row drawn from, candidate, D]
            right += (told.argmax(1) == torch.arange(CANDIDATES)[:, None]).double().sum(0)
    return (right / (draws * groups * CANDIDATES)).numpy()


def class_told(loc: Tensor, scale: Tensor, y: Tensor) -> np.ndarray:
    r"""Share of rows whose class the best reader tells from a draw of one dimension, ``[D]``.

    .. math:: \int \max_c\, p(c)\, q(z_h | c) \, dz_h, \qquad q(z_h | c) = \mathrm{mean}_{n: y_n = c}\, q(z_h | x_n)

    by the trapezoid rule over the aggregate's range: the Bayes rule of the very rows given.

    Args:
        loc: ``[N, D]``, of Normal posteriors.
        scale: ``[N, D]``.
        y: ``[N]`` classes.

    Example:
        >>> loc = torch.tensor([[-9.0, 0.0], [9.0, 0.0]])
        >>> class_told(loc, torch.ones(2, 2), torch.tensor([0, 1])).round(3).tolist()
        [1.0, 0.5]
    """
    classes, told = torch.nn.functional.one_hot(y).double().T, []
    for m, s in zip(loc.double().T, scale.double().T, strict=True):
        h = torch.linspace(float((m - 7 * s).min()), float((m + 7 * s).max()), POINTS, dtype=torch.double)
        parts = [(-0.5 * ((part[:, None] - m) / s) ** 2).exp() / s @ classes.T for part in h.split(500)]
        joint = torch.cat(parts) / (len(y) * math.sqrt(2 * math.pi))  # [POINTS, classes]
        told.append(float(torch.trapezoid(joint.amax(1), h)))
    return np.array(told)
