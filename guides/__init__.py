"""Amortised posteriors: the guide that opens the data plate, and the programs that run in it."""

from .class_spikes import ClassSpikePosterior
from .classify import classify
from .guide import Guide
from .posteriors import NormalPosterior, SpikeAndSlabPosterior
from .selecting import SelectingPosterior

__all__ = ["ClassSpikePosterior", "Guide", "NormalPosterior", "SelectingPosterior", "SpikeAndSlabPosterior", "classify"]
