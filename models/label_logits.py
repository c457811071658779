"""How often labels are seen, as logits of their distribution."""

import torch
from torch import Tensor

__all__ = ["label_logits"]


def label_logits(labels: int, frequency: Tensor | None = None, *, categorical: bool = False) -> Tensor:
    """Logits of a Bernoulli variable for each label, or of one categorical variable.

    Args:
        labels: L binary labels, or K classes.
        frequency: ``[L]``, probabilities that the labels are 1, or ``[K]`` of the classes; equal ones if omitted.
        categorical: whether the label is one of K classes.

    Raises:
        ValueError: if frequencies are not as many probabilities as labels, strictly between 0 and 1.

    Example:
        >>> label_logits(2, torch.tensor([0.5, 0.731059]))
        tensor([0.0000, 1.0000])
    """
    if frequency is None:
        probability = torch.full((labels,), 1 / labels if categorical else 0.5)
    else:
        probability = frequency.float()
        if probability.shape != (labels,) or not bool(((probability > 0) & (probability < 1)).all()):
            raise ValueError(
                f"frequency: expected {labels} probabilities strictly between 0 and 1; given {probability.tolist()}.\n"
                "Try one of:\n- frequency=None for equal ones\n- data.label_frequencies(data)"
            )
    return probability.log() if categorical else probability.logit()
