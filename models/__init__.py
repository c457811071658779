"""Generative programs: priors, likelihoods, and the model that joins them."""

from .characteristic import CharacteristicPrior
from .class_spikes import AttributeSpikePrior, ClassSpikePrior
from .components import NormalComponents
from .label import label
from .latent_model import LatentModel
from .layouts import circle, grid, laid_out, one_hot, simplex
from .likelihood import Bernoulli, Laplace, Likelihood, Normal
from .m2 import M2Prior
from .mixture import MixturePrior
from .mvae import MVAEPrior
from .priors import NormalPrior, SpikeAndSlabPrior
from .pseudo_centres import PseudoCentres
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
    "MixturePrior",
    "Normal",
    "NormalComponents",
    "NormalPrior",
    "PseudoCentres",
    "PseudoInputPrior",
    "SpikeAndSlabPrior",
    "circle",
    "grid",
    "label",
    "laid_out",
    "one_hot",
    "simplex",
]
