"""The objective: what one step minimises, site by site."""

from .elbo import ELBO
from .sanitise import sanitise
from .sites import Site, data_frame, log_prob, n_data, random_sites
from .terms import Terms

__all__ = ["ELBO", "Site", "Terms", "data_frame", "log_prob", "n_data", "random_sites", "sanitise"]
