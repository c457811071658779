"""The kind of module that our programs are: a PyroModule whose plain networks are handed out as they are."""

from typing import Any

from pyro.nn import PyroModule
from torch import nn

__all__ = ["Program"]


class Program(PyroModule):
    """A ``PyroModule`` that costs a step less.

    Pyro issues a ``param`` statement for every weight of a plain network each time the network is looked up, some
    thirty a step of a small autoencoder and a tenth of its time. With ``module_local_params`` they change nothing: the
    weights belong to the module. Parameters of the program itself (``PyroParam``, ``nn.Parameter``), ``PyroSample`` and
    submodules that are PyroModules behave as ever.

    Example:
        >>> class Decoder(Program):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.net = nn.Linear(2, 3)
        >>> Decoder().net
        Linear(in_features=2, out_features=3, bias=True)
    """

    def __getattr__(self, name: str) -> Any:
        child = self.__dict__.get("_modules", {}).get(name)
        plain = isinstance(child, nn.Module) and not isinstance(child, PyroModule)
        return child if plain else super().__getattr__(name)
