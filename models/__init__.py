"""Generative programs: priors, likelihoods, and the model that joins them."""

from .characteristic import CharacteristicPrior
from .class_spikes import AttributeSpikePrior, ClassSpikePrior
from .label import label
from .latent_model import LatentModel
from .likelihood import Bernoulli, Laplace, Likelihood, Normal
from .m2 import M2Prior
from .mvae import MVAEPrior
from .priors import NormalPrior, SpikeAndSlabPrior
from .pseudo_inputs import PseudoInputPrior

__all__ = [
    "AttributeSpikePrior",
    "Bernoulli",
    "CharacteristicPrior",
    "ClassSpikePrior",
    "Laplace",
    "LatentModel",
    "Likelihood",
    "M2Prior",
    "MVAEPrior",
    "Normal",
    "NormalPrior",
    "PseudoInputPrior",
    "SpikeAndSlabPrior",
    "label",
]
