"""Ready pairs under the papers' names.

Each is a function from a data set to a pair; a user's own pair is written, and named on the command line, in the same
way. Weights are drawn when the pair is built: call ``torch.manual_seed`` before, for a repeatable start (the command
line does).
"""

from .characteristic import ccvae, diva
from .class_spikes import class_vsc
from .dense import beta_vae, vae
from .exon import exon
from .m2 import m2
from .mvae import mvae
from .own_parts import compose
from .shot_vae import shot_vae
from .sparse import vsc

__all__ = ["beta_vae", "ccvae", "class_vsc", "compose", "diva", "exon", "m2", "mvae", "shot_vae", "vae", "vsc"]
