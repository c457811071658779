"""Objective, loss factors, training, runs."""

from .consistency import ClassConsistency, class_consistency
from .factor import Factor, FactoredGuide
from .importance import log_weight
from .objective import ELBO, Terms
from .pair import Pair
from .supervision import Supervision
from .training import Diverged, Run, fit, load

__all__ = [
    "ELBO",
    "ClassConsistency",
    "Diverged",
    "Factor",
    "FactoredGuide",
    "Pair",
    "Run",
    "Supervision",
    "Terms",
    "class_consistency",
    "fit",
    "load",
    "log_weight",
]
