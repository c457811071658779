"""From words or YAML to a pair, a data set and the arguments of ``fit``."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from jsonargparse import ArgumentError, ArgumentParser

from .. import data as data_room
from .. import zoo
from ..data import DataSet
from ..inference import Pair, fit
from ..inference.training.build import arguments, build, named
from .complaint import complaint
from .fit_help import OWN, all_options, makers
from .words import Words

__all__ = ["Job", "chosen_parts", "make_job", "merged", "parse"]


@dataclass(frozen=True)
class Job:
    """All that ``fit`` needs."""

    pair: Pair
    data: DataSet
    settings: dict[str, Any]


def make_parser(pair: str | None, data: str | None) -> ArgumentParser:
    """The parser for a given pair and data set: their own arguments are its options, typed by their hints."""
    parser = ArgumentParser(prog="pellucid fit", exit_on_error=False, print_config=None, allow_abbrev=False)
    parser.add_argument("--config", action="config")
    parser.add_function_arguments(fit, skip=set[str | int](OWN))
    if pair:
        parser.add_function_arguments(named(pair, (zoo.__name__,)), "pair", skip={"data"})
    if data:
        parser.add_function_arguments(named(data, (data_room.__name__,)), "data")
    return parser


def parse(words: Sequence[str]) -> dict[str, Any]:
    """The configuration that the words of a command line describe.

    Args:
        words: such as ``["--pair", "vsc", "--pair.dim", "60", "--data", "digits"]``, or ``["--config", "run.yaml",
            "--seed", "1"]``.

    Returns:
        the content of a ``config.yaml``: keys pair, data (``class_path``, ``init_args``) and fit.

    Raises:
        ValueError: with the word that is wrong, and what comes near it.
    """
    chosen, rest = chosen_parts(words)
    config = read_yaml(Path(chosen["config"])) if chosen["config"] else {}
    paths, base = {}, dict(config.get("fit", {}))
    for part, room in (("pair", zoo), ("data", data_room)):
        there = config.get(part, {})
        given = there.get("class_path")
        paths[part] = full_path(part, chosen[part] or given, room)
        if given and paths[part] == full_path(part, given, room):
            base[part] = there.get("init_args") or {}
    parser = make_parser(paths["pair"], paths["data"])
    try:
        parsed = parser.parse_args([*(["--config", yaml.safe_dump(base)] if base else []), *rest])
    except (ArgumentError, TypeError) as error:
        raise ValueError(complaint(str(error), all_options(paths["pair"], paths["data"]))) from error
    plain = yaml.safe_load(parser.dump(parsed))
    parts = {part: {"class_path": path, "init_args": plain.pop(part, None) or {}} for part, path in paths.items()}
    return {**parts, "fit": plain}


def chosen_parts(words: Sequence[str]) -> tuple[dict[str, str | None], list[str]]:
    """What the words choose as pair, data and config (None where they do not), and the other words."""
    first = Words(prog="pellucid fit", add_help=False)
    for name in ("--pair", "--data", "--config"):
        first.add_argument(name)
    chosen, rest = first.parse_known_args(list(words))
    return vars(chosen), rest


def full_path(part: str, path: str | None, room: Any) -> str:
    """The import path of a pair or a data set, given that or the bare name of one of ours."""
    if not path:
        raise ValueError(
            f"--{part}: missing; expected one of {', '.join(makers(room))}, or an import path.\n"
            f"Try one of:\n- --pair vsc --data digits\n"
            f"- --{part} my_file.my_{part}, for a function in my_file.py in this folder\n"
            "- --config FILE, which names it"
        )
    if "." in path:
        return path
    if path not in makers(room):
        near = difflib.get_close_matches(path, makers(room), 1) or makers(room)[-1:]
        raise ValueError(
            f"--{part}: expected one of {', '.join(makers(room))}, or an import path; given '{path}'.\n"
            f"Try one of:\n- --{part} {near[0]}\n"
            f"- --{part} my_file.{path}, for a function in my_file.py in this folder"
        )
    return f"{room.__name__}.{path}"


def make_job(config: Mapping[str, Any]) -> Job:
    """Build what a configuration says; the weights start from its seed."""
    settings = arguments(fit, config["fit"], OWN)
    torch.manual_seed(settings["seed"])
    data = build(config["data"])
    return Job(build(config["pair"], data=data), data, settings)


def read_yaml(path: Path) -> dict[str, Any]:
    """A configuration file; a pair or data set without arguments may stand there as its name alone.

    Raises:
        FileNotFoundError: if it does not exist.
        ValueError: if it is no mapping with keys among pair, data, fit.
    """
    example = "Try one of:\n- the config.yaml of a run\n- pellucid fit --help, which shows one"
    if not path.is_file():
        raise FileNotFoundError(f"--config: expected a YAML file; there is no file {path}.\n{example}")
    try:
        config = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"--config: {path} is no YAML: {' '.join(str(error).split())}.\n{example}") from error
    if not isinstance(config, dict) or not config.keys() <= {"pair", "data", "fit"}:
        given = f"the keys {', '.join(map(str, config))}" if isinstance(config, dict) else type(config).__name__
        raise ValueError(f"--config: {path}: expected the keys pair, data and fit; given {given}.\n{example}")
    for part in ("pair", "data"):
        if isinstance(config.get(part), str):
            config[part] = {"class_path": config[part]}
    config = {part: content for part, content in config.items() if content is not None}
    for part, content in config.items():
        expected = "arguments of fit by name" if part == "fit" else "class_path and init_args"
        if not isinstance(content, dict) or (part != "fit" and not content.keys() <= {"class_path", "init_args"}):
            raise ValueError(f"--config: {path}: {part}: expected {expected}; given {content!r}.\n{example}")
    return config


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the leaves of ``over`` in place of its own.

    Example:
        >>> merged({"fit": {"epochs": 1, "seed": 0}}, {"fit": {"seed": 3}})
        {'fit': {'epochs': 1, 'seed': 3}}
    """
    both = {
        k: merged(base[k], over[k])
        for k in base.keys() & over.keys()
        if isinstance(base[k], Mapping) and isinstance(over[k], Mapping)
    }
    result = {**base, **over, **both}
    return {k: result[k] for k in (*base, *(k for k in over if k not in base))}
