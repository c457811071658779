"""Training and what it leaves: the loop, the run folder, checkpoints."""

from .build import arguments, build, named
from .fit import fit
from .meter import Diverged
from .progress import is_finished
from .run import Run, load

__all__ = ["Diverged", "Run", "arguments", "build", "fit", "is_finished", "load", "named"]
