"""Does each latent dimension tell one true factor, and each factor have one dimension? Four scores of the field."""

from .dci import DCI, dci
from .factor_information import factor_information
from .matched import FoundFactors, match_factors
from .mig import MIG, mig
from .modularity import Modularity, modularity
from .sap import SAP, sap

__all__ = [
    "DCI",
    "MIG",
    "SAP",
    "FoundFactors",
    "Modularity",
    "dci",
    "factor_information",
    "match_factors",
    "mig",
    "modularity",
    "sap",
]
