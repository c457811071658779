"""Encoders and decoders in plain torch; they take any number of leading dimensions."""

from .conv import ConvDecoder, ConvEncoder
from .diagonal import DiagonalLinear
from .mlp import MLPDecoder, MLPEncoder
from .recurrent import RecurrentDecoder, RecurrentEncoder

__all__ = [
    "ConvDecoder",
    "ConvEncoder",
    "DiagonalLinear",
    "MLPDecoder",
    "MLPEncoder",
    "RecurrentDecoder",
    "RecurrentEncoder",
]
