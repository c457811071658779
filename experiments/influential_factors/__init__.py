"""Influential factors: how much each latent dimension tells about the data, and what follows from keeping the top."""

from .measure import MEASURES, measure
from .results import write_results

__all__ = ["MEASURES", "measure", "write_results"]
