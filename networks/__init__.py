"""Encoders and decoders in plain torch; they take any number of leading dimensions."""

from .classifier import ClassifierEncoder
from .conv import ConvDecoder, ConvEncoder
from .diagonal import DiagonalLinear
from .mlp import MLPDecoder, MLPEncoder
from .recurrent import RecurrentDecoder, RecurrentEncoder
from .wide_residual import WideResidualEncoder

__all__ = [
    "ClassifierEncoder",
    "ConvDecoder",
    "ConvEncoder",
    "DiagonalLinear",
    "MLPDecoder",
    "MLPEncoder",
    "RecurrentDecoder",
    "RecurrentEncoder",
    "WideResidualEncoder",
]
