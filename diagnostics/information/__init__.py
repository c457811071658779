"""How much a latent dimension tells: of the row, of its label, exactly, for posteriors of known form."""

from .active import ActiveUnits, active_units
from .bounds import InformationBounds, information_bounds
from .drawn import drawn_information
from .fano import fano_bound
from .identity import SparsityIdentity, sparsity_identity
from .influential import INFORMATIVE, influential, keep_only
from .label import LabelInformation, label_information
from .mutual import mutual_information
from .result import Information
from .sums import InformationSum

__all__ = [
    "INFORMATIVE",
    "ActiveUnits",
    "Information",
    "InformationBounds",
    "InformationSum",
    "LabelInformation",
    "SparsityIdentity",
    "active_units",
    "drawn_information",
    "fano_bound",
    "influential",
    "information_bounds",
    "keep_only",
    "label_information",
    "mutual_information",
    "sparsity_identity",
]
