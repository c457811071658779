"""Checkpoints: weights as safetensors, the rest of a run's state beside them; written whole or not at all."""

import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, load_model, save_file, save_model
from torch import Tensor, nn

__all__ = ["read_best", "read_state", "read_weights", "write_checkpoint"]

WEIGHTS, BEST, STATE = "weights.safetensors", "best.safetensors", "state.pt"


def write_checkpoint(folder: Path, module: nn.Module, best: dict[str, Tensor] | None, state: dict[str, Any]) -> None:
    """Replace ``folder/checkpoint`` by a new one, in one rename.

    Args:
        folder: the run's folder.
        module: its weights and buffers; tensors shared by two modules are stored once.
        best: the weights at the best validation bound, if they are kept.
        state: tensors and plain values: optimiser, random states, epoch, step, history.
    """
    new = folder / "checkpoint.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    save_model(module, str(new / WEIGHTS))
    if best is not None:
        save_file(best, str(new / BEST))
    torch.save(state, new / STATE)
    for path in new.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    replace_folder(new, folder / "checkpoint")


def replace_folder(new: Path, target: Path) -> None:
    """Put ``new`` in the place of ``target``. Killed at any moment, ``target`` or ``target.old`` is whole."""
    old = target.with_name(target.name + ".old")
    if target.exists():
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def checkpoint_folder(folder: Path) -> Path:
    """Where the run's last whole checkpoint is."""
    for name in ("checkpoint", "checkpoint.old"):
        if (folder / name / STATE).exists():
            return folder / name
    raise FileNotFoundError(
        f"run: no checkpoint in {folder}; expected {folder / 'checkpoint' / STATE}.\n"
        "Try one of:\n- the folder that pellucid.fit printed\n- pellucid fit, to make one"
    )


def read_weights(folder: Path, module: nn.Module) -> None:
    """Load the last weights of a run into ``module``, in place.

    Raises:
        FileNotFoundError: if there is no checkpoint.
        ValueError: if the file is cut short, or belongs to a module of another shape; names the first parameter that
            differs.
    """
    path = checkpoint_folder(folder) / WEIGHTS
    try:
        with safe_open(str(path), "pt") as file:
            stored = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(damaged(path, error)) from error
    given = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    differ = [name for name in sorted(stored) if stored[name] != given.get(name)]
    missing = [] if differ else load_model(module, str(path), strict=False)[0]
    for name in [*differ, *sorted(missing)]:
        raise ValueError(
            f"checkpoint {path}: '{name}' has shape {stored.get(name, '(absent)')} there and "
            f"{given.get(name, '(absent)')} in the pair.\n"
            f"Try one of:\n- the pair that was trained: its arguments are in {folder / 'config.yaml'}\n"
            "- another run folder"
        )


def read_best(folder: Path) -> dict[str, Tensor] | None:
    """The weights at the best validation bound, if the run kept them.

    Raises:
        ValueError: if the file is cut short.
    """
    path = checkpoint_folder(folder) / BEST
    try:
        return load_file(str(path)) if path.exists() else None
    except (SafetensorError, OSError) as error:
        raise ValueError(damaged(path, error)) from error


def read_state(folder: Path) -> dict[str, Any]:
    """The state beside the weights.

    Raises:
        FileNotFoundError: if there is no checkpoint.
        ValueError: if the file is cut short.
    """
    path = checkpoint_folder(folder) / STATE
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever the damaged byte happened to mean
        raise ValueError(damaged(path, error)) from error


def damaged(path: Path, error: Exception) -> str:
    """What to say of a file that cannot be read."""
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return (
        f"checkpoint {path}: the file is damaged or cut short ({reason}).\n"
        f"Try one of:\n- a copy of {path.parent}\n- training again: config.yaml in {path.parent.parent} is the command"
    )
