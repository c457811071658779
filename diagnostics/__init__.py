"""Posterior diagnostics: arrays, distributions and callables in; dataclasses of arrays and figures out.

Nothing here knows a model or a guide, so everything serves anyone's variational autoencoder. ArviZ and matplotlib are
imported by the functions that need them, not by this package.
"""

from . import figures
from .calibration import Calibration, calibration_error
from .compare import EvidenceComparison, compare_evidence
from .consistency import Consistency, class_consistency
from .disentanglement import (
    DCI,
    MIG,
    SAP,
    FoundFactors,
    Modularity,
    dci,
    factor_information,
    match_factors,
    mig,
    modularity,
    sap,
)
from .drawn_by import drawn_by
from .evidence import Evidence, log_evidence
from .few_labels import FewLabels, few_label_accuracy
from .information import (
    INFORMATIVE,
    ActiveUnits,
    Information,
    InformationBounds,
    InformationSum,
    LabelInformation,
    SparsityIdentity,
    active_units,
    drawn_information,
    fano_bound,
    influential,
    information_bounds,
    keep_only,
    label_information,
    mutual_information,
    sparsity_identity,
)
from .interventions import (
    Selectivity,
    SwapCost,
    VarianceMap,
    intervention_selectivity,
    swap,
    swap_cost,
    traverse_grid,
    variance_map,
)
from .matching import Matching, active_matching, factor_matching
from .pattern import Agreement, pattern_agreement
from .psis import PsisK, psis_k
from .save_arviz import save_arviz
from .sharing import Roles, Sharing, category_sharing, class_gate, dimension_roles
from .subspace import (
    ActivatedSubspace,
    Plane,
    VariationCost,
    VNat,
    activated_subspace,
    decode_plane,
    generation_diversity,
    interpolate,
    pairwise_ssim,
    ssim,
    v_nat,
    variation_cost,
)
from .to_arviz import to_arviz
from .traverse import ink, slant, traverse
from .used import clamp_cost, used_dimensions

__all__ = [
    "DCI",
    "INFORMATIVE",
    "MIG",
    "SAP",
    "ActivatedSubspace",
    "ActiveUnits",
    "Agreement",
    "Calibration",
    "Consistency",
    "Evidence",
    "EvidenceComparison",
    "FewLabels",
    "FoundFactors",
    "Information",
    "InformationBounds",
    "InformationSum",
    "LabelInformation",
    "Matching",
    "Modularity",
    "Plane",
    "PsisK",
    "Roles",
    "Selectivity",
    "Sharing",
    "SparsityIdentity",
    "SwapCost",
    "VNat",
    "VarianceMap",
    "VariationCost",
    "activated_subspace",
    "active_matching",
    "active_units",
    "calibration_error",
    "category_sharing",
    "clamp_cost",
    "class_consistency",
    "class_gate",
    "compare_evidence",
    "dci",
    "decode_plane",
    "dimension_roles",
    "drawn_by",
    "drawn_information",
    "factor_information",
    "factor_matching",
    "fano_bound",
    "few_label_accuracy",
    "figures",
    "generation_diversity",
    "influential",
    "information_bounds",
    "ink",
    "interpolate",
    "intervention_selectivity",
    "keep_only",
    "label_information",
    "log_evidence",
    "match_factors",
    "mig",
    "modularity",
    "mutual_information",
    "pairwise_ssim",
    "pattern_agreement",
    "psis_k",
    "sap",
    "save_arviz",
    "slant",
    "sparsity_identity",
    "ssim",
    "swap",
    "swap_cost",
    "to_arviz",
    "traverse",
    "traverse_grid",
    "used_dimensions",
    "v_nat",
    "variance_map",
    "variation_cost",
]
