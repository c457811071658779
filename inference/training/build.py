"""From a recipe in a configuration to the object it describes."""

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["arguments", "build", "named"]


def named(path: str, rooms: tuple[str, ...] = ()) -> Callable[..., Any]:
    """The function or class at an import path, or of that name in one of ``rooms``.

    The working directory counts as a place to import from, so that a file beside the run is found by its name.

    Args:
        path: "vsc", "pellucid.zoo.vsc", "my_file.my_pair".
        rooms: modules searched for a name without dots.

    Raises:
        ValueError: if nothing is there; says what the rooms offer.
    """
    if "." not in path:
        for room in map(importlib.import_module, rooms):
            if path in room.__all__:
                return getattr(room, path)
        offers = ", ".join(
            sorted(name for room in rooms for name in importlib.import_module(room).__all__ if name.islower())
        )
        raise ValueError(
            f"'{path}': expected one of {offers}, or an import path.\nTry one of:\n"
            "- my_file.my_function, for a file my_file.py in this folder"
        )
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"'{path}': cannot be imported: {error}.\nTry one of:\n"
            f"- the folder that holds {module.partition('.')[0]}.py as working directory"
        ) from error


def arguments(function: Callable[..., Any], plain: Mapping[str, Any], skip: Iterable[str | int] = ()) -> dict[str, Any]:
    """Plain arguments, checked against the type hints of a function, nested recipes built.

    Args:
        function: whose arguments they are.
        plain: name -> plain value or recipe.
        skip: arguments that somebody else gives.

    Raises:
        ValueError: with the argument that does not fit.

    Example:
        >>> from pellucid.inference import fit
        >>> lr = {"class_path": "pellucid.schedules.Ramp", "init_args": {"start": 0.0, "stop": 0.001}}
        >>> arguments(fit, {"lr": lr}, skip=["pair", "data"])["lr"]
        Ramp(0, 0.001, begin=0, end=1)
    """
    from jsonargparse import ArgumentError, ArgumentParser

    parser, group = ArgumentParser(exit_on_error=False), function.__name__
    parser.add_function_arguments(function, group, skip=set(skip))
    try:
        made = parser.instantiate(
            parser.parse_object({group: {name: value for name, value in plain.items() if name not in skip}})
        )
    except (ArgumentError, TypeError) as error:
        raise ValueError(f"{group}: {' '.join(str(error).split())}") from error
    values = vars(made.get(group)) if group in made else {}
    for name, value in values.items():
        if isinstance(plain.get(name), Mapping) and not isinstance(value, Mapping) and not hasattr(value, "recipe"):
            value.recipe = plain[name]
    return values


def build(recipe: Mapping[str, Any], **given: Any) -> Any:
    """Call what a recipe names; the result remembers the recipe.

    Args:
        recipe: ``{"class_path": import path, "init_args": {...}}``.
        given: arguments that the recipe leaves to the caller, such as ``data``.

    Raises:
        ValueError: with the argument that does not fit.

    Example:
        >>> build({"class_path": "pellucid.data.digits", "init_args": {"rows": 500}}).n_data
        500
    """
    function = named(recipe["class_path"])
    made = function(**given, **arguments(function, recipe.get("init_args", {}), given))
    object.__setattr__(made, "recipe", dict(recipe))  # passes by the guard of a frozen dataclass
    return made
