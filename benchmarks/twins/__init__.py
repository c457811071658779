"""The zoo's pairs written by hand, as a careful person would without a library: what ours is timed against.

Each is called with a batch, gives the loss in nats a row, and compiles into one graph. ``tests/test_twins.py`` proves
that each has the loss and the gradients of its pair, from the same weights and draws.
"""

from .characteristic import HandCCVAE, HandDIVA
from .class_spikes import HandClassVSC
from .consistency import consistency, room_for
from .dense import HandVAE
from .m2 import HandM2
from .mixture import HandMixture
from .mvae import HandMVAE
from .pseudo_inputs import HandPseudoInputVSC
from .separation import shortfall
from .shot import HandSHOT
from .sparse import HandVSC
from .stock import StockGuide, StockModel, stock

__all__ = [
    "HandCCVAE",
    "HandClassVSC",
    "HandDIVA",
    "HandM2",
    "HandMVAE",
    "HandMixture",
    "HandPseudoInputVSC",
    "HandSHOT",
    "HandVAE",
    "HandVSC",
    "StockGuide",
    "StockModel",
    "consistency",
    "room_for",
    "shortfall",
    "stock",
]
