"""From devices, nodes and a strategy to processes that run: Fabric starts them, or finds them started."""

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed

from .processes import Processes

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["STRATEGIES", "check_batch_size", "launch", "make_fabric"]

STRATEGIES = ("auto", "ddp", "ddp_find_unused_parameters_true")

PARENT = "PELLUCID_PARENT"
"""Variable of the environment by which a process that Fabric starts again knows who started it."""


def make_fabric(accelerator: str, devices: int | str, nodes: int, strategy: str, loggers: Any = None) -> "Fabric":
    """Fabric for so many devices; no process is started yet.

    Raises:
        ValueError: if the devices are not there, or nothing could start the processes.
    """
    from lightning_fabric import Fabric
    from lightning_fabric.utilities.exceptions import MisconfigurationException

    several = nodes > 1 or devices not in (1, "auto")
    if several:
        require_script(devices)
    try:
        # A single device trains without a strategy, whatever is asked for several, and counts as one even as "auto".
        asked = strategy if several else "auto"
        fabric = Fabric(accelerator=accelerator, devices=devices, num_nodes=nodes, strategy=asked, loggers=loggers)
        if fabric.world_size > 1 and asked != strategy:
            fabric = Fabric(accelerator=accelerator, devices=devices, strategy=strategy, loggers=loggers)
    except MisconfigurationException as error:
        raise ValueError(f"devices: {error}\nTry one of:\n- devices='auto'\n- accelerator='cpu'") from error
    if fabric.world_size > 1:
        require_script(devices)
    started = int(os.environ.get("WORLD_SIZE", 1)) if "TORCHELASTIC_RUN_ID" in os.environ else None
    wanted = getattr(fabric.strategy, "num_processes", 1) * nodes
    if started not in (None, wanted):
        raise ValueError(
            f"devices: torchrun started {started} processes; devices={devices!r} on nodes={nodes} are {wanted}.\n"
            f"Try one of:\n- devices={started // nodes or 1}, with nodes={nodes}\n"
            "- devices and nodes that say what torchrun's --nproc-per-node and --nnodes say"
        )
    return fabric


def require_script(devices: int | str) -> None:
    """Raise a ValueError unless the processes are there, or this one's command can be given again to start them."""
    if "LOCAL_RANK" in os.environ or "SLURM_NTASKS" in os.environ:
        return
    module = getattr(sys.modules["__main__"], "__spec__", None) is not None
    if hasattr(sys, "ps1") or not (module or Path(sys.argv[0]).is_file()):
        raise ValueError(
            f"devices: several processes are the same script, started several times, and here there is none: this is "
            f"an interactive session or a notebook; given {devices!r}.\n"
            "Try one of:\n- the same lines in a file: python my_script.py\n"
            f"- pellucid fit --devices {devices} ...\n- devices=1"
        )


def check_batch_size(batch_size: int, processes: int, rows: int, name: str = "batch_size") -> None:
    """Raise a ValueError unless each process gets as many rows of a step as any other.

    Args:
        batch_size: rows of a step, or those of a kind.
        processes: that share them.
        rows: the most there can be.
        name: of the argument.

    Example:
        >>> check_batch_size(128, processes=4, rows=5000)
    """
    if batch_size % processes:
        below = batch_size // processes * processes
        near = [size for size in (below, below + processes) if 0 < size <= rows]
        remedies = "".join(f"\n- {name}={size}" for size in near) or f"\n- fewer than {processes} devices"
        raise ValueError(
            f"{name}: expected a multiple of {processes}, the number of processes that share the rows of a step; "
            f"given {batch_size}.\nTry one of:{remedies}"
        )


def launch(fabric: "Fabric") -> Processes:
    """Start the processes, or join those that torchrun or Slurm started, and wait until they have met.

    With a single device nothing is started and nothing waits.
    """
    if fabric.world_size == 1:
        return Processes(device=fabric.device)
    parent = int(os.environ[PARENT]) if PARENT in os.environ and os.environ.get("LOCAL_RANK", "0") != "0" else None
    if parent is None and "LOCAL_RANK" not in os.environ:
        os.environ[PARENT] = str(os.getpid())
    processes = Processes(fabric.global_rank, fabric.world_size, parent=parent)
    if parent is not None:
        threading.Thread(target=end_after, args=(processes,), daemon=True).start()
    log = logging.getLogger("lightning_fabric")
    level = log.level
    log.setLevel(logging.WARNING)  # who is told that all have met sees the training begin
    try:
        fabric.launch()
    finally:
        log.setLevel(level)
    processes.rank, processes.device = fabric.global_rank, fabric.device
    started: list[subprocess.Popen[bytes]] = getattr(fabric.strategy.launcher, "procs", [])
    processes.children = list(started)
    if torch.distributed.get_backend() == "gloo":
        # Fabric looks after them every five seconds and kills all, this process too, if one has died or has merely
        # ended with an exit code. Gloo tells at once, and then there is time for a sentence.
        started.clear()
    return processes


def end_after(processes: Processes) -> None:
    """End this process when the one that started it is gone; a while later, for it may find out and say so."""
    while not processes.over.wait(1):
        if processes.orphaned:
            time.sleep(10)
            os._exit(1)
