"""Encoders and decoders in plain torch; they take any number of leading dimensions."""

from .conv import ConvDecoder, ConvEncoder
from .mlp import MLPDecoder, MLPEncoder

__all__ = ["ConvDecoder", "ConvEncoder", "MLPDecoder", "MLPEncoder"]
