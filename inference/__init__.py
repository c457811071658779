"""Objective, loss factors, training, runs."""

from .aggregate import AggregateSparsity, aggregate_sparsity
from .all_sample import AllSampleConsistency, all_sample_consistency
from .class_spikes import PatternSparsity, SpikeStrength
from .consistency import ClassConsistency, class_consistency
from .factor import Factor, FactoredGuide
from .importance import log_weight
from .objective import ELBO, Terms
from .pair import Pair
from .separation import ClassSeparation, class_information
from .supervision import Supervision
from .training import CollapseWarning, Diverged, Run, fit, load

__all__ = [
    "ELBO",
    "AggregateSparsity",
    "AllSampleConsistency",
    "ClassConsistency",
    "ClassSeparation",
    "CollapseWarning",
    "Diverged",
    "Factor",
    "FactoredGuide",
    "Pair",
    "PatternSparsity",
    "Run",
    "SpikeStrength",
    "Supervision",
    "Terms",
    "aggregate_sparsity",
    "all_sample_consistency",
    "class_consistency",
    "class_information",
    "fit",
    "load",
    "log_weight",
]
