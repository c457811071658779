"""EXoN: a latent space laid out by hand, what its weights do to it, and the semi-supervised field around it."""

from .measure import MEASURES, measure
from .results import write_results

__all__ = ["MEASURES", "measure", "write_results"]
