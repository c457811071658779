"""The objective: what one step minimises, site by site."""

from .elbo import ELBO
from .kl import analytic_kl
from .requirements import require_same_sites
from .sanitise import all_known, sanitise
from .sites import Site, data_frame, log_prob, n_data, per_row, random_sites
from .terms import Terms

__all__ = [
    "ELBO",
    "Site",
    "Terms",
    "all_known",
    "analytic_kl",
    "data_frame",
    "log_prob",
    "n_data",
    "per_row",
    "random_sites",
    "require_same_sites",
    "sanitise",
]
