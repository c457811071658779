"""Parameters belong to modules: one that ``pyro.param`` makes in passing is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyro.poutine.messenger import Messenger
from torch import nn

__all__ = ["owned_parameters"]


@contextmanager
def owned_parameters(module: nn.Module) -> Iterator[None]:
    """Refuse a parameter that a program makes without a module that owns it.

    Args:
        module: what runs inside; its parameters are owned.

    Raises:
        ValueError: names the parameter.

    Example:
        >>> import pyro, torch
        >>> class Shifted(pyro.nn.PyroModule):
        ...     def forward(self):
        ...         return pyro.param("shift", torch.zeros(3))
        >>> program = Shifted()
        >>> try:
        ...     with owned_parameters(program):
        ...         program()
        ... except ValueError as error:
        ...     str(error)[:14]
        "param 'shift':"
    """
    failure, statements = None, Statements()
    with statements:
        try:
            yield
        except NotImplementedError as error:  # what Pyro says of such a parameter, without its name
            failure = error
    owned = {id(parameter) for parameter in module.parameters()}
    for name, value in statements.values.items():
        if id(value.unconstrained() if hasattr(value, "unconstrained") else value) not in owned:
            raise ValueError(
                f"param '{name}': made by pyro.param inside a program, it belongs to no module of the pair and would "
                "never be trained.\n"
                f"Try one of:\n- self.{name} = nn.Parameter(...) or PyroParam(...) in __init__, and self.{name} in "
                "forward"
            ) from failure
    if failure is not None:
        raise failure


class Statements(Messenger):
    """Remembers what param statements gave."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, Any] = {}

    def _pyro_post_param(self, msg: Any) -> None:
        self.values[msg["name"]] = msg["value"]
