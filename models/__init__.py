"""Generative programs: priors, likelihoods, and the model that joins them."""

from .label import label
from .latent_model import LatentModel
from .likelihood import Bernoulli, Laplace, Likelihood, Normal
from .priors import NormalPrior, SpikeAndSlabPrior

__all__ = ["Bernoulli", "Laplace", "LatentModel", "Likelihood", "Normal", "NormalPrior", "SpikeAndSlabPrior", "label"]
