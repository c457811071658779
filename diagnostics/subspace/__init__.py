"""What a class leaves of the prior's noise, dimension by dimension, and what the latent space of a mixture draws."""

from .activated import ActivatedSubspace, activated_subspace
from .diversity import generation_diversity
from .interpolate import interpolate
from .plane import Plane, decode_plane
from .similarity import pairwise_ssim, ssim
from .v_nat import VNat, v_nat
from .variation_cost import VariationCost, variation_cost

__all__ = [
    "ActivatedSubspace",
    "Plane",
    "VNat",
    "VariationCost",
    "activated_subspace",
    "decode_plane",
    "generation_diversity",
    "interpolate",
    "pairwise_ssim",
    "ssim",
    "v_nat",
    "variation_cost",
]
