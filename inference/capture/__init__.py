"""A pair traced once into a graph and compiled: training steps that run no Pyro."""

from .captured import Captured
from .graph import CannotCapture, Graph, trace_once

__all__ = ["CannotCapture", "Captured", "Graph", "trace_once"]
