"""What a classifier's probabilities are worth: how often it is right, in nats, and whether it knows."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from ...diagnostics import calibration_error
from ...distributions import elements

__all__ = ["label_log_probabilities", "majority", "measure_accuracy", "of_logits"]


def of_logits(logits: Tensor, *, attributes: bool) -> Tensor:
    """Log-probabilities of the V values of G labels, ``[N, G, V]``: of L attributes, or of the one label of K classes.

    Args:
        logits: ``[N, L]`` of attributes, ``[N, K]`` of classes.
        attributes: which of the two.

    Example:
        >>> of_logits(torch.zeros(5, 3), attributes=True).shape, of_logits(torch.zeros(5, 3), attributes=False).shape
        (torch.Size([5, 3, 2]), torch.Size([5, 1, 3]))
    """
    if attributes:
        return torch.stack([logsigmoid(-logits), logsigmoid(logits)], -1)
    return logits.log_softmax(-1)[:, None]


def label_log_probabilities(q: Any) -> Tensor:
    """Log-probabilities ``[N, G, V]`` of q(y | x): a categorical distribution, or independent binary ones."""
    return of_logits(elements(q).logits, attributes=q.event_shape != ())


def measure_accuracy(log_probability: Tensor, y: Tensor) -> dict[str, Any]:
    """Accuracy, log loss and calibration, means over labels.

    Args:
        log_probability: ``[N, G, V]``.
        y: ``[N]`` classes, or ``[N, L]`` attributes.

    Returns:
        "accuracy"; "label accuracy" ``[L]``, None for classes; "log loss" in nats a label; "calibration", the expected
        calibration error, and "calibration chance", what so few rows make of it in any case.

    Example:
        >>> sure = of_logits(torch.tensor([[50.0], [-50.0]]), attributes=True)
        >>> measure_accuracy(sure, torch.tensor([[1], [1]]))["label accuracy"]
        [0.5]
    """
    index = y.reshape(len(y), -1).long()
    right = (log_probability.argmax(-1) == index).double().mean(0)
    own = log_probability.gather(-1, index[..., None])
    calibration = [
        calibration_error(log_probability[:, g].double().softmax(-1), index[:, g]) for g in range(len(right))
    ]
    return {
        "accuracy": float(right.mean()),
        "label accuracy": right.tolist() if y.ndim == 2 else None,
        "log loss": -float(own.double().mean()),
        "calibration": float(np.mean([each.error for each in calibration])),
        "calibration chance": float(np.mean([each.chance for each in calibration])),
    }


def majority(y: Tensor) -> float:
    """How often the commonest value of a label is right, the mean over labels.

    Example:
        >>> majority(torch.tensor([[0, 1], [0, 1], [1, 1], [1, 1]]))
        0.75
    """
    index = y.reshape(len(y), -1).long()
    return sum(float(column.bincount().max()) for column in index.unbind(1)) / index.numel()
