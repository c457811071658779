"""How a thing was made: a plain record of the call, kept on its result, from which it can be made again."""

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from os import PathLike, fspath
from typing import Any, ParamSpec, TypeVar

import torch

__all__ = ["recorded"]

P = ParamSpec("P")
R = TypeVar("R")


def recorded(function: Callable[P, R]) -> Callable[P, R]:
    """Keeps on the result of a function how it was called, defaults included, as ``result.recipe``.

    The record is ``{"class_path": import path, "init_args": {argument: value}}``, the form in which jsonargparse and
    the YAML of a run name an object. The path is the shortest public one (``pellucid.data.digits``, not the file
    within the room). Values are JSON-plain: paths become strings, tuples lists, and an argument that has a recipe of
    its own stands in by it. The argument ``data`` of a function that makes a pair for a data set is left out: whoever
    makes it again gives it. An argument with no plain form (a tensor, a module without a recipe) makes the whole
    recipe None: half a record would rebuild something else in silence.

    Args:
        function: any function without ``*args`` whose result takes attributes.

    Returns:
        The same function, recording.

    Raises:
        TypeError: at decoration, if the function takes ``*args``, which have no names to be recorded under.

    Example:
        >>> from pellucid.data import digits
        >>> digits(labels=100, rows=500).recipe["init_args"]["labels"]
        100
    """
    signature = inspect.signature(function)
    kinds = {parameter.kind: name for name, parameter in signature.parameters.items()}
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        raise TypeError(
            f"recorded: {function.__qualname__}() takes *{kinds[inspect.Parameter.VAR_POSITIONAL]}, which has no names "
            "to record values under.\nTry one of:\n- a single list argument instead"
        )
    rest = kinds.get(inspect.Parameter.VAR_KEYWORD)

    @functools.wraps(function)
    def made(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = {name: value for name, value in bound.arguments.items() if name != "data"}
        arguments |= arguments.pop(rest, {}) if rest else {}
        try:
            recipe = {"class_path": _public_path(function), "init_args": _plain(arguments)}
        except TypeError:
            recipe = None
        result = function(*args, **kwargs)
        object.__setattr__(result, "recipe", recipe)  # passes by the guard of a frozen dataclass
        return result

    return made


def _public_path(function: Callable) -> str:
    parts = function.__module__.split(".")
    for length in range(1, len(parts)):
        package = ".".join(parts[:length])
        found = getattr(sys.modules.get(package), function.__name__, None)
        if getattr(found, "__wrapped__", None) is function:
            return f"{package}.{function.__name__}"
    return f"{function.__module__}.{function.__qualname__}"


def _plain(value: Any) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    recipe = getattr(value, "recipe", None)
    if isinstance(recipe, dict):
        return recipe
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, PathLike):
        return str(fspath(value))
    if isinstance(value, (torch.dtype, torch.device)):
        return str(value).removeprefix("torch.")
    raise TypeError(f"no plain form of {type(value).__name__}")
