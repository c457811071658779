"""Spike-and-slab distributions, partly known sites and their divergences; marginals of labels with Normal logits."""

from .binary_vector import BinaryVector
from .divergence import EPS, entropy, jensen_shannon
from .gumbel_max import gumbel_max
from .kl import kl_clamped, kl_spike_and_slab
from .label_vector import label_vector
from .labels import Labels, at_site, whole_rows
from .marginal_labels import (
    binary_label_marginal,
    categorical_label_marginal,
    log_expected_sigmoid,
    log_expected_softmax,
    marginal_logit,
    tilted_logit,
    tilted_normal,
)
from .observed import Clamped, PartlyObserved
from .partly import elements, known_part, partly
from .relaxed_binary import RelaxedBinary, kl_relaxed_binary
from .relaxed_density import relaxed_log_density
from .relaxed_spike_and_slab import RelaxedSpikeAndSlab
from .spike_and_slab import SpikeAndSlab
from .wrapped_cauchy import WrappedCauchy, kl_wrapped_cauchy, kl_wrapped_cauchy_von_mises

__all__ = [
    "EPS",
    "BinaryVector",
    "Clamped",
    "Labels",
    "PartlyObserved",
    "RelaxedBinary",
    "RelaxedSpikeAndSlab",
    "SpikeAndSlab",
    "WrappedCauchy",
    "at_site",
    "binary_label_marginal",
    "categorical_label_marginal",
    "elements",
    "entropy",
    "gumbel_max",
    "jensen_shannon",
    "kl_clamped",
    "kl_relaxed_binary",
    "kl_spike_and_slab",
    "kl_wrapped_cauchy",
    "kl_wrapped_cauchy_von_mises",
    "known_part",
    "label_vector",
    "log_expected_sigmoid",
    "log_expected_softmax",
    "marginal_logit",
    "partly",
    "relaxed_log_density",
    "tilted_logit",
    "tilted_normal",
    "whole_rows",
]
