"""Spike-and-slab distributions, partly known sites and their divergences; marginals of labels with Normal logits."""

from .binary_vector import BinaryVector
from .divergence import EPS, entropy, jensen_shannon
from .kl import kl_clamped, kl_spike_and_slab
from .labels import Labels, at_site, whole_rows
from .marginal_labels import (
    binary_label_marginal,
    categorical_label_marginal,
    log_expected_sigmoid,
    log_expected_softmax,
)
from .observed import Clamped, PartlyObserved
from .relaxed_density import relaxed_log_density
from .relaxed_spike_and_slab import RelaxedSpikeAndSlab
from .spike_and_slab import SpikeAndSlab

__all__ = [
    "EPS",
    "BinaryVector",
    "Clamped",
    "Labels",
    "PartlyObserved",
    "RelaxedSpikeAndSlab",
    "SpikeAndSlab",
    "at_site",
    "binary_label_marginal",
    "categorical_label_marginal",
    "entropy",
    "jensen_shannon",
    "kl_clamped",
    "kl_spike_and_slab",
    "log_expected_sigmoid",
    "log_expected_softmax",
    "relaxed_log_density",
    "whole_rows",
]
