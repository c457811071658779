"""Mixture runs: where the classes lie in the latent space, and what is drawn there."""

from .classes import ClassLine, class_lines
from .lines import mixture_quantities
from .pictures import mixture_pictures
from .reading import Mixture, read_mixture
from .variation import Variation, read_variation

__all__ = [
    "ClassLine",
    "Mixture",
    "Variation",
    "class_lines",
    "mixture_pictures",
    "mixture_quantities",
    "read_mixture",
    "read_variation",
]
