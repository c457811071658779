"""Every variant crossed with the data sets and the seeds: the cells of a preset."""

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..inference.training import named
from .cell import Cell
from .configuration import merged

__all__ = ["crossed"]

PARTS = ("pair", "data", "fit")
NAME = re.compile(r"\w[\w.,=+-]*")


def crossed(
    base: Mapping[str, Any] | None,
    sets: Mapping[str, Any] | None,
    variants: Mapping[str, Any],
    seeds: Sequence[int] | None,
) -> tuple[Cell, ...]:
    """The cells: seed by seed, each over the sets, each over the variants, so that whole grids are done first.

    A cell's configuration is the base, the set's part over it, the variant's over that, and the seed. A part that
    names another class keeps those of the earlier arguments that the other class takes too. Rows that keep their
    labels (``data.init_args.labels``) are drawn anew for every seed: ``data.init_args.seed`` is the run's, unless it
    is given.

    Args:
        base: what all cells share: some of pair, data and fit.
        sets: name -> what a data set changes; None for the one data set of the base.
        variants: name -> what a variant changes. Beside pair, data and fit, ``sets`` and ``seeds`` restrict it to some.
        seeds: None for the one seed of the configuration.

    Raises:
        ValueError: with the key that is wrong.

    Example:
        >>> base = {"pair": {"class_path": "pellucid.zoo.vsc"}, "data": {"class_path": "pellucid.data.digits"}}
        >>> [str(cell) for cell in crossed({**base, "fit": {}}, None, {"plain": None, "other": {"seeds": [1]}}, [0, 1])]
        ['digits/plain/0', 'digits/plain/1', 'digits/other/1']
    """
    base = require_parts("base", base)
    layers = {
        name: require_parts(f"set {name}", part)
        for name, part in require_names("sets", {} if sets is None else sets).items()
    }
    if seeds is not None:
        require_seeds(seeds)
    rows: list[Cell] = []
    own: dict[str, tuple[Any, Any]] = {}
    for name, content in require_names("cells", variants).items():
        variant = require_parts(f"cell {name}", content, ("sets", "seeds"))
        own[name] = chosen(name, "sets", variant, layers), chosen(name, "seeds", variant, seeds or ())
    for seed in seeds or (None,):
        for set_name in layers or (None,):
            for name, (own_sets, own_seeds) in own.items():
                if (set_name is None or set_name in own_sets) and (seed is None or seed in own_seeds):
                    variant = {part: content for part, content in (variants[name] or {}).items() if part in PARTS}
                    config = layered(base, layers.get(set_name or "", {}), variant)
                    rows.append(made(set_name, name, seed, config))
    return tuple(rows)


def made(set_name: str | None, variant: str, seed: int | None, config: dict[str, Any]) -> Cell:
    """The cell of a configuration, which is given its seed."""
    if not config.keys() >= set(PARTS):
        raise ValueError(f"cell {variant} needs pair, data and fit; given {', '.join(config) or 'nothing'}")
    for part in ("pair", "data"):
        if not isinstance(config[part].get("class_path"), str):
            raise ValueError(f"cell {variant}: {part}: expected a class_path; given {config[part]}")
    if seed is not None:
        config = merged(config, {"fit": {"seed": seed}})
        arguments = config["data"].get("init_args") or {}
        if arguments.get("labels") is not None and "seed" not in arguments:
            config = merged(config, {"data": {"init_args": {"seed": seed}}})
    own_name = config["data"]["class_path"].rpartition(".")[2]
    return Cell(set_name or own_name, variant, config["fit"].get("seed", 0), config)


def layered(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """The layers merged, later ones over earlier ones; of another class's arguments those that fit are kept."""
    config: dict[str, Any] = {}
    for layer in layers:
        for part in ("pair", "data"):
            there, path = config.get(part, {}), layer.get(part, {}).get("class_path")
            if path and there.get("class_path", path) != path:
                kept = fitting(path, there.get("init_args") or {})
                config = {**config, part: {"class_path": path, "init_args": kept}}
        config = merged(config, layer)
    return config


def fitting(path: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that the function or class at an import path takes.

    Example:
        >>> fitting("pellucid.zoo.vae", {"dim": 8, "alpha": 0.05})
        {'dim': 8}
    """
    taken = inspect.signature(named(path)).parameters
    if any(argument.kind is argument.VAR_KEYWORD for argument in taken.values()):
        return dict(arguments)
    return {name: value for name, value in arguments.items() if name in taken}


def require_names(key: str, content: Any) -> Mapping[str, Any]:
    """A mapping whose keys can be folders."""
    if not isinstance(content, Mapping):
        raise ValueError(f"{key}: expected names with a configuration each; given {content!r}")
    for name in content:
        if not (isinstance(name, str) and NAME.fullmatch(name)):
            raise ValueError(f"{key}: expected names of letters, digits and . , = + - _; given {name!r}")
    return content


def require_parts(place: str, content: Any, more: Sequence[str] = ()) -> Mapping[str, Any]:
    """A partial configuration: some of pair, data and fit, each a mapping."""
    content = {} if content is None else content
    if not isinstance(content, Mapping) or not content.keys() <= {*PARTS, *more}:
        given = ", ".join(map(str, content)) if isinstance(content, Mapping) else repr(content)
        raise ValueError(f"{place}: expected some of the keys {', '.join((*PARTS, *more))}; given {given}")
    for part in PARTS:
        if not isinstance(content.get(part, {}), Mapping):
            expected = "arguments of fit by name" if part == "fit" else "class_path and init_args"
            raise ValueError(f"{place}: {part}: expected {expected}; given {content[part]!r}")
    return content


def require_seeds(seeds: Any) -> None:
    """A list of different whole numbers, 0 or more."""
    plain = isinstance(seeds, list) and all(type(seed) is int and seed >= 0 for seed in seeds)
    if not plain or not seeds or len(set(seeds)) != len(seeds):
        raise ValueError(f"seeds: expected different whole numbers, 0 or more, such as [0, 1, 2]; given {seeds!r}")


def chosen(name: str, key: str, variant: Mapping[str, Any], known: Sequence[Any] | Mapping[str, Any]) -> Sequence[Any]:
    """Those of the preset's sets or seeds that a variant is restricted to; all if it does not say."""
    given = variant.get(key, list(known))
    if key in variant and not (isinstance(given, list) and given and all(each in known for each in given)):
        offers = ", ".join(map(str, known)) or f"none: the preset has no {key}"
        raise ValueError(f"cell {name}: {key}: expected some of {offers}; given {given!r}")
    return given
