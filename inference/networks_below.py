"""The networks of a program: the largest plain modules below it."""

from collections.abc import Iterator

from pyro.nn import PyroModule
from torch import nn

__all__ = ["networks_below"]


def networks_below(module: nn.Module, *opened: nn.Module) -> Iterator[nn.Module]:
    """The outermost modules that are neither programs nor mere lists.

    Args:
        module: a program.
        opened: plain modules that are looked into as programs are.

    Example:
        >>> program = PyroModule()
        >>> program.layers = nn.ModuleList([nn.Linear(2, 3), nn.Sequential(nn.ReLU())])
        >>> [type(network).__name__ for network in networks_below(program)]
        ['Linear', 'Sequential']
    """
    for child in module.children():
        if child in opened or isinstance(child, PyroModule | nn.ModuleList | nn.ModuleDict):
            yield from networks_below(child, *opened)
        else:
            yield child
