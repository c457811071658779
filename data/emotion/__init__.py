"""DEAP: the brain waves of 32 people who watch music videos and rate what they feel."""

from .band_power import BANDS, band_power
from .loader import deap

__all__ = ["BANDS", "band_power", "deap"]
