"""Collapse of a run while it trains: gates or labels that do not heed the image."""

from .find import SETTLED, Collapse, CollapseWarning, find_collapse, still_collapsed
from .gates import Gates, read_gates
from .labels import Said, read_said

__all__ = [
    "SETTLED",
    "Collapse",
    "CollapseWarning",
    "Gates",
    "Said",
    "find_collapse",
    "read_gates",
    "read_said",
    "still_collapsed",
]
