"""Training and what it leaves: the loop, the run folder, checkpoints."""

from .build import arguments, build, named
from .collapse import CollapseWarning
from .fit import fit
from .meter import Diverged
from .progress import is_finished
from .run import Run, load

__all__ = ["CollapseWarning", "Diverged", "Run", "arguments", "build", "fit", "is_finished", "load", "named"]
