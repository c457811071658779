"""CCVAE: what its characteristic codes capture, how its gradients compare, and its rivals."""

from .measure import MEASURES, measure
from .results import write_results

__all__ = ["MEASURES", "measure", "write_results"]
