"""What a block of latent dimensions does: exchanged between rows, drawn anew, or walked along, and what it costs."""

from .selectivity import Selectivity, intervention_selectivity
from .swap import swap
from .swap_cost import SwapCost, swap_cost
from .traverse_grid import traverse_grid
from .variance_map import VarianceMap, variance_map

__all__ = [
    "Selectivity",
    "SwapCost",
    "VarianceMap",
    "intervention_selectivity",
    "swap",
    "swap_cost",
    "traverse_grid",
    "variance_map",
]
