"""Amortised posteriors: the guide that opens the data plate, and the programs that run in it."""

from .classify import classify
from .guide import Guide
from .posteriors import NormalPosterior, SpikeAndSlabPosterior

__all__ = ["Guide", "NormalPosterior", "SpikeAndSlabPosterior", "classify"]
