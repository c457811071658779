"""Amortised posteriors: the guide that opens the data plate, and the programs that run in it."""

from .amortised import AmortisedGuide
from .characteristic import CharacteristicPosterior, Features
from .class_spikes import ClassSpikePosterior
from .classify import classify
from .guide import Guide
from .m2 import M2Posterior
from .mixture import MixturePosterior
from .mvae import MVAEPosterior
from .posteriors import NormalPosterior, SpikeAndSlabPosterior
from .selecting import SelectingPosterior

__all__ = [
    "AmortisedGuide",
    "CharacteristicPosterior",
    "ClassSpikePosterior",
    "Features",
    "Guide",
    "M2Posterior",
    "MVAEPosterior",
    "MixturePosterior",
    "NormalPosterior",
    "SelectingPosterior",
    "SpikeAndSlabPosterior",
    "classify",
]
