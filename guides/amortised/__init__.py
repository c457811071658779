"""A guide for a prior that nobody has seen: the program is traced once, and every latent site gets a head."""

from .guide import AmortisedGuide, AmortisedPosterior
from .sites import LatentSite, find_sites, nesting

__all__ = ["AmortisedGuide", "AmortisedPosterior", "LatentSite", "find_sites", "nesting"]
