"""The arguments of a function as options of the command line: name, placeholder, description, default."""

import inspect
import re
import textwrap
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

import docstring_parser

__all__ = ["Option", "options_of", "placeholder", "summary", "table"]

PLAIN = {int: "INT", float: "NUMBER", bool: "true|false"}


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        flag: such as ``--pair.dim``.
        value: what follows it, as a placeholder; empty for a switch.
        text: its description.
    """

    flag: str
    value: str
    text: str


def options_of(function: Callable[..., Any], prefix: str = "", skip: Iterable[object] = ()) -> list[Option]:
    """The options that stand for the arguments of a function or class, with the descriptions of its docstring.

    Args:
        function: documented in Google style.
        prefix: of the flags: "pair" gives ``--pair.dim``.
        skip: arguments that are no options.

    Example:
        >>> def pair(data, dim: int = 60):
        ...     '''A pair.
        ...
        ...     Args:
        ...         data: the data set.
        ...         dim: latent dimensions D.
        ...     '''
        >>> print(table(options_of(pair, "pair", skip={"data"})))
          --pair.dim INT          latent dimensions D. Default: 60
    """
    told = {p.arg_name: p.description or "" for p in docstring_parser.parse(inspect.getdoc(function) or "").params}
    found = []
    for name, argument in inspect.signature(function).parameters.items():
        if name in skip or argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD):
            continue
        required, default = argument.default is argument.empty, argument.default
        shown = [] if default is None or default == () else [f"Default: {written(default)}"]
        text = " ".join([plain(told.get(name, "")), *(["Required."] if required else shown)]).strip()
        flag, value = f"--{prefix}.{name}" if prefix else f"--{name}", placeholder(argument.annotation)
        if value.startswith("[") and value.strip("[].,") not in PLAIN.values():
            flag, value = f"{flag}+", value.strip("[].,")  # objects are added one by one
        found.append(Option(flag, value, text))
    return found


def placeholder(hint: Any) -> str:
    """What a value of that type looks like on the command line.

    Example:
        >>> placeholder(int | None), placeholder(Literal["mlp", "conv"]), placeholder(float | str)
        ('INT', 'mlp|conv', 'NUMBER|TEXT')
    """
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return "|".join(dict.fromkeys(placeholder(each) for each in inner if each is not type(None)))
    if origin is Literal:
        return "|".join(map(str, inner))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "MAPPING"
    if origin is Callable or hint is Callable:
        return "CLASS"
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return f"[{placeholder(inner[0])},...]"
    if hint in PLAIN:
        return PLAIN[hint]
    if not isinstance(hint, type) or hint is inspect.Parameter.empty or issubclass(hint, str):
        return "TEXT"
    return {"Module": "CLASS", "Path": "FOLDER"}.get(hint.__name__, hint.__name__.upper())


def summary(function: Callable[..., Any]) -> str:
    """The first line of its docstring."""
    return plain((inspect.getdoc(function) or function.__name__).partition("\n")[0]).rstrip(".")


def table(options: Iterable[Option]) -> str:
    """Options and descriptions in two columns, 100 characters wide."""
    lines = []
    for option in options:
        head = f"  {option.flag} {option.value}".rstrip()
        body = textwrap.wrap(option.text, 74) or [""]
        if len(head) > 24:
            lines.append(head)
            head = ""
        lines += [f"{head:<26}{body[0]}", *(f"{'':<26}{line}" for line in body[1:])]
    return "\n".join(line.rstrip() for line in lines)


def written(default: Any) -> str:
    """A default as one would type it."""
    if isinstance(default, bool):
        return str(default).lower()
    return str(list(default)).replace(" ", "") if isinstance(default, (list, tuple)) else str(default)


def plain(text: str) -> str:
    """A docstring's sentence without its markup.

    Example:
        >>> plain("of :class:`~pellucid.inference.Factor`, ``x``")
        'of Factor, x'
    """
    text = re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"\1", text)
    return " ".join(re.sub(r"`+([^`]*)`+", r"\1", text).split())
