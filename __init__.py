"""pellucid: legible latent spaces in Pyro.

Importing it sets ``pyro.settings.set(module_local_params=True)``: parameters belong to their modules and not to Pyro's
global store, where a model and a guide that both own a ``net`` would share its weights in silence.
"""

import pyro

pyro.settings.set(module_local_params=True)

from pellucid import data, diagnostics, distributions, guides, inference, models, networks, schedules, zoo  # noqa: E402
from pellucid.data import Batch  # noqa: E402
from pellucid.inference import Pair, fit, load  # noqa: E402

__all__ = [
    "Batch",
    "Pair",
    "data",
    "diagnostics",
    "distributions",
    "fit",
    "guides",
    "inference",
    "load",
    "models",
    "networks",
    "schedules",
    "zoo",
]

__version__ = "0.1.0"
