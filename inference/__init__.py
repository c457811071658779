"""Objective, loss factors, training, runs."""

from .across import across
from .aggregate import AggregateSparsity, aggregate_sparsity
from .all_sample import AllSampleConsistency, all_sample_consistency
from .capture import CannotCapture, Captured
from .characteristic import CharacteristicBound, DomainBound, LabelEvidence
from .class_spikes import PatternSparsity, SpikeStrength
from .codes import codes
from .consistency import ClassConsistency, class_consistency
from .factor import Factor, FactoredGuide
from .importance import log_weight
from .interpolation import Interpolation
from .label_marginals import label_marginals
from .mixture import MixtureBound
from .multimodal import MultimodalBound
from .objective import ELBO, Terms
from .pair import Pair
from .precision import networks_in
from .separation import ClassSeparation, class_information
from .step import Step
from .supervision import Supervision
from .training import CaptureWarning, CollapseWarning, Diverged, Draws, ProcessLost, Run, fit, joint_draws, load

__all__ = [
    "ELBO",
    "AggregateSparsity",
    "AllSampleConsistency",
    "CannotCapture",
    "CaptureWarning",
    "Captured",
    "CharacteristicBound",
    "ClassConsistency",
    "ClassSeparation",
    "CollapseWarning",
    "Diverged",
    "DomainBound",
    "Draws",
    "Factor",
    "FactoredGuide",
    "Interpolation",
    "LabelEvidence",
    "MixtureBound",
    "MultimodalBound",
    "Pair",
    "PatternSparsity",
    "ProcessLost",
    "Run",
    "SpikeStrength",
    "Step",
    "Supervision",
    "Terms",
    "across",
    "aggregate_sparsity",
    "all_sample_consistency",
    "class_consistency",
    "class_information",
    "codes",
    "fit",
    "joint_draws",
    "label_marginals",
    "load",
    "log_weight",
    "networks_in",
]
