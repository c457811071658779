"""What a graph holds of its pair, and whether the pair still has it."""

from typing import Any

from torch import nn

__all__ = ["Parts"]


class Parts:
    """The modules, parameters and buffers below a module, as they are now.

    Looked at before every step, so it goes through tables made once and walks no tree.

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
        self.modules, self.parameters = list(root.modules()), list(root.parameters())
        self.places = [
            (table, name, part)
            for module in self.modules
            for table in (module._modules, module._parameters, module._buffers)
            for name, part in table.items()
        ]

    @property
    def in_place(self) -> bool:
        """Whether all of them are the same objects still: a pair moved to another device has other buffers."""
        return all(table.get(name) is part for table, name, part in self.places)

    @property
    def state(self) -> Any:
        """The modes and hooks of the modules, and which parameters are trained and where they are."""
        modes = tuple((m.training, len(m._forward_hooks), len(m._forward_pre_hooks)) for m in self.modules)
        return modes, tuple((p.requires_grad, p.dtype, p.device) for p in self.parameters)
