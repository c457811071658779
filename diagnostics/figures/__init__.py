"""Figures: arrays in, ``matplotlib.figure.Figure`` out.

Every figure is its own object and no part of pyplot's global state: nothing needs closing, and nothing is shown but
what is saved or returned. Colours are told apart by colour-blind readers; a colour scale has its unit beside it.
"""

from .accuracy_curve import accuracy_curve
from .estimator_scatter import estimator_scatter
from .gate_heatmap import gate_heatmap
from .image_grids import reconstruction_grid, sample_grid
from .information_stem import information_stem
from .kept_grid import kept_grid
from .latent_plane import latent_plane
from .matching_matrix import matching_matrix
from .plane_grid import plane_grid
from .reliability import reliability
from .sharing_matrix import sharing_matrix
from .swap_grid import swap_grid
from .training_curves import training_curves
from .traversal_grid import traversal_grid
from .two_label_grid import two_label_grid
from .v_nat_bars import v_nat_bars
from .variance_grid import variance_grid

__all__ = [
    "accuracy_curve",
    "estimator_scatter",
    "gate_heatmap",
    "information_stem",
    "kept_grid",
    "latent_plane",
    "matching_matrix",
    "plane_grid",
    "reconstruction_grid",
    "reliability",
    "sample_grid",
    "sharing_matrix",
    "swap_grid",
    "training_curves",
    "traversal_grid",
    "two_label_grid",
    "v_nat_bars",
    "variance_grid",
]
