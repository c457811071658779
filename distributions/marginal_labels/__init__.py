"""Labels whose logits are Normal: their marginals, and the posteriors of logits and of latent blocks given a label."""

from .gumbel_normal import log_expected_softmax
from .logistic_normal import log_expected_sigmoid
from .marginal import binary_label_marginal, categorical_label_marginal, marginal_logit
from .tilted import tilted_logit
from .tilted_block import tilted_normal

__all__ = [
    "binary_label_marginal",
    "categorical_label_marginal",
    "log_expected_sigmoid",
    "log_expected_softmax",
    "marginal_logit",
    "tilted_logit",
    "tilted_normal",
]
