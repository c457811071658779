"""Marginals of labels whose logits are Normal: the logistic-normal integral, and its sibling for several classes."""

from .gumbel_normal import log_expected_softmax
from .logistic_normal import log_expected_sigmoid
from .marginal import binary_label_marginal, categorical_label_marginal

__all__ = [
    "binary_label_marginal",
    "categorical_label_marginal",
    "log_expected_sigmoid",
    "log_expected_softmax",
]
