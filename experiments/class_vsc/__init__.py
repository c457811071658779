"""Class-consistent sparse coding: what class information buys, and what it costs."""

from .measure import MEASURES, measure
from .results import write_results

__all__ = ["MEASURES", "measure", "write_results"]
