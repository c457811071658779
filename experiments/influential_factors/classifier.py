"""The classifier of codes: one hidden layer, and some 500 steps whatever is kept of the code."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

__all__ = ["classifier"]

WIDTH, STEPS, BATCH, RATE = 128, 500, 200, 3e-3


def classifier(z: Tensor, y: Tensor, seed: int = 0) -> Callable[[Tensor], Tensor]:
    """A dense network trained to tell the class of a code.

    Codes are taken as they are: the prior has unit variance, and a scale of its own for each dimension would lend a
    collapsed one the weight of an informative one.

    Args:
        z: ``[N, K]``; K may be 0, which leaves the frequencies of the classes.
        y: ``[N]``, integer classes.
        seed: of the weights and of the batches; no global generator is read or moved.

    Returns:
        From codes ``[M, K]`` to classes ``[M]``.

    Example:
        >>> z = torch.tensor([[-1.0], [1.0]]).repeat(50, 1)
        >>> classifier(z, (z[:, 0] > 0).long())(torch.tensor([[-2.0], [0.5]]))
        tensor([0, 1])
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    trained: dict[str, Any] = {"batch_size": min(BATCH, len(z)), "max_iter": math.ceil(STEPS * BATCH / len(z))}
    trained |= {"learning_rate_init": RATE, "tol": 0.0, "n_iter_no_change": STEPS * BATCH, "random_state": seed}
    model = MLPClassifier((WIDTH,), **trained)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of steps is fixed
        model.fit(with_constant(z), y.numpy())
    return lambda code: torch.from_numpy(model.predict(with_constant(code)))


def with_constant(z: Tensor) -> np.ndarray:
    """A column of ones beside the code, so that there is one column at least."""
    return torch.nn.functional.pad(z, (0, 1), value=1.0).numpy()
