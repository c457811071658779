"""The run folder: its configuration, and its creation as a whole or not at all."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from ...data import DataSet
from ..pair import Pair

__all__ = ["create_folder", "free_folder", "read_config", "require_free", "require_same_run"]

CONFIG = "config.yaml"

FREE = {f"fit.{name}" for name in ("accelerator", "compile", "devices", "nodes", "strategy", "tensorboard", "workers")}
"""What a resumed run may change: where it runs and what it logs, not what it computes."""


def configuration(pair: Pair, data: DataSet, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What ``config.yaml`` holds: the recipes of pair and data, and the arguments of ``fit``."""
    fit = plain(settings)
    if callable(fit["optimiser"]):
        fit["optimiser"] = f"python: {getattr(fit['optimiser'], '__qualname__', repr(fit['optimiser']))}"
    return {"pair": pair.recipe, "data": data.recipe, "fit": fit}


def plain(value: Any) -> Any:
    """Recipes in place of what has one, within mappings too."""
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    return value.recipe if hasattr(value, "recipe") else value


def free_folder(pair: Pair, data: DataSet) -> Path:
    """The next free folder ``runs/<pair>-<data>-<number>`` below the working directory."""
    name = pair.recipe["class_path"].rpartition(".")[2] if pair.recipe else "pair"
    number = 1
    while (path := Path("runs") / f"{name}-{data.name}-{number}").exists():
        number += 1
    return path


def require_free(path: Path) -> None:
    """Raise a FileExistsError unless the folder is absent or empty."""
    if path.is_file() or (path.exists() and any(path.iterdir())):
        raise FileExistsError(
            f"folder: {path} is already in use.\nTry one of:\n"
            f"- resume=True (pellucid fit --resume {path}) to go on with that run\n- another folder\n"
            "- deleting it"
        )


def create_folder(
    path: Path, pair: Pair, data: DataSet, settings: Mapping[str, Any], save: Callable[[Path], None]
) -> None:
    """Create the folder with its configuration and first checkpoint, in one rename.

    Args:
        path: must not exist, or be empty.
        pair: the pair.
        data: the data set.
        settings: arguments of ``fit``.
        save: writes the first checkpoint into a folder.

    Raises:
        FileExistsError: if the folder is in use.
        OSError: if it cannot be written.
    """
    require_free(path)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.mkdir(parents=True)
        (new / CONFIG).write_text(dumped(configuration(pair, data, settings)))
        save(new)
        if path.exists():
            path.rmdir()
        new.rename(path)
    except OSError as error:
        raise type(error)(
            f"folder: cannot write {path} ({error.strerror}).\nTry one of:\n- a folder you may write to: folder='...'"
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def read_config(path: Path) -> dict[str, Any]:
    """The configuration of a run.

    Raises:
        FileNotFoundError: if the folder is no run.
        ValueError: if the file is damaged.
    """
    if not (path / CONFIG).is_file():
        raise FileNotFoundError(
            f"run: {path} holds no {CONFIG}, so it is no run folder.\nTry one of:\n"
            "- the folder that pellucid.fit printed"
        )
    remedy = "Try one of:\n- a copy of the file\n- a new run, if there is none"
    try:
        config = yaml.safe_load((path / CONFIG).read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"run: {path / CONFIG} cannot be read ({str(error).splitlines()[0]}).\n{remedy}") from error
    if not isinstance(config, dict) or not {"pair", "data", "fit"} <= config.keys():
        raise ValueError(f"run: {path / CONFIG} lacks the keys pair, data and fit.\n{remedy}")
    return config


def require_same_run(path: Path, pair: Pair, data: DataSet, settings: Mapping[str, Any]) -> None:
    """Raise a ValueError that names the first difference to the configuration of the run in ``path``."""
    there, here = flat(read_config(path)), flat(yaml.safe_load(dumped(configuration(pair, data, settings))))
    there.setdefault("fit.precision", "32-true")  # of runs older than the choice
    for name in sorted((there.keys() | here.keys()) - FREE):
        if there.get(name) != here.get(name):
            raise ValueError(
                f"resume: {name} was {there.get(name)!r} in {path} and is {here.get(name)!r} now; a resumed "
                "run repeats an unbroken one exactly.\n"
                f"Try one of:\n- pellucid fit --resume {path}, which takes everything from its config.yaml\n"
                "- a new folder for the changed run"
            )


def dumped(config: dict[str, Any]) -> str:
    """YAML of a configuration; a value that occurs twice is written twice."""
    dumper = type("Plain", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
    return yaml.dump(config, Dumper=dumper, sort_keys=False)


def flat(tree: Any, prefix: str = "") -> dict[str, Any]:
    """Leaves of nested dicts by dotted name."""
    if not isinstance(tree, dict):
        return {prefix: tree}
    return {
        name: leaf for key, value in tree.items() for name, leaf in flat(value, f"{prefix}.{key}".strip(".")).items()
    }
