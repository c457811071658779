"""Figures: arrays in, ``matplotlib.figure.Figure`` out.

Every figure is its own object and no part of pyplot's global state: nothing needs closing, and nothing is shown but
what is saved or returned. Colours are told apart by colour-blind readers; a colour scale has its unit beside it.
"""

from .gate_heatmap import gate_heatmap
from .image_grids import reconstruction_grid, sample_grid
from .matching_matrix import matching_matrix
from .sharing_matrix import sharing_matrix
from .training_curves import training_curves
from .traversal_grid import traversal_grid

__all__ = [
    "gate_heatmap",
    "matching_matrix",
    "reconstruction_grid",
    "sample_grid",
    "sharing_matrix",
    "training_curves",
    "traversal_grid",
]
