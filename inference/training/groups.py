"""Parts of a pair whose parameters the optimiser treats in ways of their own."""

import math
from collections.abc import Mapping
from typing import Any

from torch import nn

from ...schedules import Schedule
from .ranges import is_rate

__all__ = ["Groups", "Rate", "own_rates", "parameter_groups"]

Rate = float | Schedule
Groups = Mapping[str, Mapping[str, Rate]]


def parameter_groups(module: nn.Module, groups: Groups) -> list[dict[str, Any]]:
    """The parameters of a module as a torch optimiser takes them: those of no group first, then group by group.

    Args:
        module: whose parameters they are.
        groups: part of a dotted name, of whole words ("classifier", "posterior.classifier") -> options: "weight_decay",
            "lr". A parameter that goes by several names, as of a module that has two owners, is found under each.

    Returns:
        ``{"params": [...], **options}`` for the rest and for each group; a schedule stands there as its first value.

    Raises:
        ValueError: with the key, if it is part of no name or shares a parameter with another; with the option, if there
            is none such or its value is out of range.

    Example:
        >>> module = nn.ModuleDict({"trunk": nn.Linear(2, 3), "head": nn.Linear(3, 1)})
        >>> rest, head = parameter_groups(module, {"head": {"weight_decay": 5e-4}})
        >>> len(rest["params"]), len(head["params"]), head["weight_decay"]
        (2, 2, 0.0005)
    """
    named = list(module.named_parameters(remove_duplicate=False))
    found = {key: {parameter: name for name, parameter in named if f".{key}." in f".{name}."} for key in groups}
    taken: dict[nn.Parameter, str] = {}
    for key, parameters in found.items():
        if not parameters:
            words = dict.fromkeys(word for name, _ in named for word in name.split(".")[:-1] if not word.isdigit())
            raise ValueError(
                f"groups: expected part of a parameter's name, in whole words between dots; no name holds {key!r}.\n"
                f"Try one of:\n- one of {', '.join(words)}\n- the names in pair.named_parameters()"
            )
        for parameter, name in parameters.items():
            if parameter in taken:
                raise ValueError(
                    f"groups: expected each parameter under one key; {name!r} is under {taken[parameter]!r} and "
                    f"{key!r}.\nTry one of:\n- longer parts of the names, such as 'posterior.classifier'"
                )
        taken |= dict.fromkeys(parameters, key)
    rest = [parameter for parameter in module.parameters() if parameter not in taken]
    return [{"params": rest}, *({"params": list(found[key]), **now(key, groups[key])} for key in groups)]


def own_rates(lr: Rate | None, groups: Groups) -> list[Rate | None]:
    """The learning rate of each of the :func:`parameter_groups`, the rest's ``lr`` where a group has none of its own.

    Example:
        >>> own_rates(1e-3, {"head": {"lr": 1e-4}, "trunk": {"weight_decay": 0.1}})
        [0.001, 0.0001, 0.001]
    """
    return [lr, *(options.get("lr", lr) for options in groups.values())]


def now(key: str, options: Mapping[str, Rate]) -> dict[str, float]:
    """The options of a group as training begins, checked."""
    for option, value in options.items():
        if option == "lr":
            right, expected = is_rate(value), "a positive number or a schedule"
        elif option == "weight_decay":
            right, expected = not isinstance(value, Schedule) and 0 <= value < math.inf, "a number of 0 or more"
        else:
            raise ValueError(
                f"groups: {key}: expected the options weight_decay and lr; given {option!r}.\nTry one of:\n"
                f"- groups={{{key!r}: {{'weight_decay': 5e-4}}}}\n- optimiser=..., called with all parameters"
            )
        if not right:
            raise ValueError(
                f"groups: {key}: {option}: expected {expected}; given {value}.\nTry one of:\n"
                f"- {{{option!r}: {1e-3 if option == 'lr' else 5e-4}}}"
            )
    return {option: value(0.0) if isinstance(value, Schedule) else value for option, value in options.items()}
