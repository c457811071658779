"""Generative programs: priors, likelihoods, and the model that joins them."""

from .class_spikes import AttributeSpikePrior, ClassSpikePrior
from .label import label
from .latent_model import LatentModel
from .likelihood import Bernoulli, Laplace, Likelihood, Normal
from .priors import NormalPrior, SpikeAndSlabPrior
from .pseudo_inputs import PseudoInputPrior

__all__ = [
    "AttributeSpikePrior",
    "Bernoulli",
    "ClassSpikePrior",
    "Laplace",
    "LatentModel",
    "Likelihood",
    "Normal",
    "NormalPrior",
    "PseudoInputPrior",
    "SpikeAndSlabPrior",
    "label",
]
