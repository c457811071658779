"""The bounds of characteristic latents: labelled, unlabelled and partly labelled rows in one batch."""

from .bound import CharacteristicBound, Gradients
from .domain import DomainBound
from .evidence import LabelEvidence

__all__ = ["CharacteristicBound", "DomainBound", "Gradients", "LabelEvidence"]
