"""What a graph holds of its pair, and whether the pair still has it."""

from operator import attrgetter, is_, itemgetter
from typing import Any

from torch import nn

__all__ = ["Parts"]

TRAINING, TRAINED = itemgetter("training"), attrgetter("requires_grad")


class Parts:
    """The modules, parameters and buffers below a module, as they are now.

    Looked at before every step: it goes through tables made once, walks no tree and runs next to no Python.

    Args:
        root: the module.

    Example:
        >>> layer = nn.Linear(2, 3)
        >>> parts = Parts(layer)
        >>> layer.bias = None
        >>> parts.in_place
        False
    """

    def __init__(self, root: nn.Module):
        modules, self.parameters = [vars(module) for module in root.modules()], list(root.parameters())
        self.all = [module[kind] for module in modules for kind in ("_modules", "_parameters", "_buffers")]
        self.sizes = list(map(len, self.all))
        places = [(table, name, part) for table in self.all for name, part in table.items()]
        self.tables, self.names, self.parts = (list(column) for column in zip(*places, strict=True))
        self.modules = modules
        self.hooks = [module[kind] for module in modules for kind in ("_forward_hooks", "_forward_pre_hooks")]

    @property
    def in_place(self) -> bool:
        """Whether all of them are the same objects still: a pair moved to another device has other buffers."""
        same = all(map(is_, map(dict.get, self.tables, self.names), self.parts))
        return same and list(map(len, self.all)) == self.sizes

    @property
    def state(self) -> Any:
        """The modes and hooks of the modules, and which parameters are trained."""
        return tuple(map(TRAINING, self.modules)), tuple(map(tuple, self.hooks)), tuple(map(TRAINED, self.parameters))
