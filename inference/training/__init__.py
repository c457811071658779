"""Training and what it leaves: the loop, the run folder, checkpoints."""

from .build import arguments, build, named
from .capturing import CaptureWarning
from .collapse import CollapseWarning
from .draws import Draws, joint_draws
from .fit import fit
from .lost import ProcessLost
from .meter import Diverged
from .progress import is_finished
from .run import Run, load

__all__ = [
    "CaptureWarning",
    "CollapseWarning",
    "Diverged",
    "Draws",
    "ProcessLost",
    "Run",
    "arguments",
    "build",
    "fit",
    "is_finished",
    "joint_draws",
    "load",
    "named",
]
