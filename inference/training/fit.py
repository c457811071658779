"""Training: a short loop on Lightning Fabric, from a pair and a data set to a run folder."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import torch
from torch.optim import Optimizer

from ...data import Batches, DataSet
from ...schedules import Schedule
from ..pair import Pair
from ..precision import DTYPES, Precision, networks_in
from .capturing import Compile, training_step
from .display import Display
from .folder import create_folder, free_folder, require_free, require_same_run
from .groups import Groups, parameter_groups
from .launch import STRATEGIES, check_batch_size, launch, make_fabric
from .loop import Loop
from .lost import losing
from .preflight import preflight
from .progress import Progress
from .ranges import check_arguments, check_choice
from .run import Run

__all__ = ["fit"]


def fit(
    pair: Pair,
    data: DataSet,
    *,
    epochs: int = 60,
    batch_size: int = 128,
    labelled_rows: int | None = None,
    lr: float | Schedule | None = None,
    optimiser: Callable[[Iterable[Any]], Optimizer] | None = None,
    groups: Groups | None = None,
    clip: float | None = None,
    patience: int | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    resume: bool = False,
    accelerator: str = "auto",
    devices: int | Literal["auto"] = 1,
    nodes: int = 1,
    strategy: str = "auto",
    workers: int = 0,
    tensorboard: bool = False,
    compile: Compile = "auto",
    precision: Precision = "32-true",
    progress: bool = True,
) -> Run:
    """Train a pair, and leave a run folder: configuration, checkpoint, metrics.

    Every epoch ends with the validation bound (hard gates, labels withheld), a row in ``metrics.csv`` and a
    checkpoint. Ctrl-C or SIGTERM ends the run between two steps with a checkpoint, and ``resume=True`` goes on from
    there as if nothing had happened: weights, optimiser, random numbers, order of rows, schedules and early stopping
    are those of an unbroken run.

    Args:
        pair: model and guide; trained in place.
        data: the data set.
        epochs: passes over the training rows.
        batch_size: rows a step, of all devices together; the last, smaller batch of an epoch is left out.
        labelled_rows: so many rows of every batch, its first ones, have a label; they are taken in turn, and the rest
            of the batch from all rows: an epoch has ``n_data // (batch_size - labelled_rows)`` steps. For data with few
            labels, of which a batch holds next to none by chance. Labelled rows then count more often in the bound than
            their share of the data. If omitted, they come by chance.
        lr: learning rate, or a schedule of it (``Cosine(1e-3, 1e-5)``); 1e-3 if omitted, or what ``optimiser`` brings.
        optimiser: called with the parameters; a fused Adam if omitted.
        groups: options for the optimiser of some parameters alone, by part of their dotted names, in whole words:
            ``{"classifier": {"weight_decay": 5e-4, "lr": Cosine(3e-3, 1e-4)}}``; in the shell
            --groups.classifier '{"weight_decay": 5e-4}'. "lr" stands in for ``lr``; "weight_decay", per step and unit
            of the learning rate, is decoupled from the gradient in our Adam. An ``optimiser`` of yours is then called
            with torch's list of dicts, the other parameters first.
        clip: largest norm of the whole gradient.
        patience: stop after this many epochs without a better validation bound, and keep the weights of the best epoch.
        seed: of the order of rows and of all draws.
        folder: the run's folder; the next free one below ``runs/`` if omitted.
        resume: go on with the run in ``folder``, which must have the same configuration (devices, workers and loggers
            may differ; on another number of devices, noise is drawn anew). Random numbers are torch's: a program that
            draws from numpy or Python's ``random`` does not resume exactly.
        accelerator: Fabric's: "auto", "cpu", "cuda" ...
        devices: how many of them on each node, or "auto" for all; each gets a process with its share of every batch.
        nodes: machines, with torchrun or Slurm on each.
        strategy: "ddp", a copy of the pair on each device; "ddp_find_unused_parameters_true" if some steps use only
            some of the parameters; "auto" is "ddp" for several devices.
        workers: processes that load rows of a data set that is not in memory.
        tensorboard: write TensorBoard events into the folder, beside the CSV.
        compile: train on a compiled graph of the pair (:class:`~pellucid.inference.Captured`). "auto" does so in runs
            of 10 000 steps or more, which repay compiling, and trains on the pair itself, with a warning, what cannot
            be captured; True does so in any case, or raises. Losses are equal to rounding.
        precision: "32-true", or "bf16-mixed": the networks run in bfloat16 while they train, and every log-probability
            and KL in float32 (:func:`~pellucid.inference.networks_in`).
        progress: show the live line.

    Returns:
        The run, its pair in evaluation mode.

    Raises:
        ValueError: if pair, data and arguments do not fit one another, or ``compile=True`` cannot be had, before
            anything is written.
        FileExistsError: if ``folder`` is in use.
        Diverged: if a term of the loss is not finite; the last good checkpoint stays.
        ProcessLost: if one of several processes dies; the checkpoint stays.

    Example:
        >>> import tempfile
        >>> from pellucid import data, zoo
        >>> digits = data.digits()
        >>> run = fit(zoo.vae(digits, dim=4), digits, epochs=1, folder=tempfile.mkdtemp() + "/run", progress=False)
        >>> sorted(path.name for path in run.folder.iterdir())
        ['checkpoint', 'config.yaml', 'metrics.csv']
    """
    settings = {
        "epochs": epochs,
        "batch_size": batch_size,
        "labelled_rows": labelled_rows,
        "lr": lr,
        "optimiser": optimiser,
        "groups": groups,
        "clip": clip,
        "patience": patience,
        "seed": seed,
        "accelerator": accelerator,
        "devices": devices,
        "nodes": nodes,
        "strategy": strategy,
        "workers": workers,
        "tensorboard": tensorboard,
        "compile": compile,
        "precision": precision,
    }
    # Two seconds of imports that a reader of finished runs need not wait for.
    from lightning_fabric.loggers.tensorboard import TensorBoardLogger

    check_arguments(epochs, lr, clip, patience, seed, workers, devices, nodes)
    check_choice("strategy", strategy, STRATEGIES)
    check_choice("compile", compile, ("auto", True, False))
    check_choice("precision", precision, DTYPES)
    preflight(pair, data, batch_size, labelled_rows)
    parameter_groups(pair, groups or {})
    path = Path(folder) if folder is not None else free_folder(pair, data)
    events = TensorBoardLogger(path, name="tensorboard", version="") if tensorboard else None
    fabric = make_fabric(accelerator, devices, nodes, strategy, events)
    check_batch_size(batch_size, fabric.world_size, data.n_data)
    check_batch_size(labelled_rows or 0, fabric.world_size, batch_size - 1, name="labelled_rows")
    processes = launch(fabric)
    path = processes.gather(path)[0]
    with losing(processes, path), networks_in(pair, DTYPES[precision]):
        batches = Batches(
            data.train,
            batch_size // processes.world,
            shuffle=True,
            drop_last=True,
            seed=seed,
            device=fabric.device,
            workers=workers,
            shard=(processes.rank, processes.world),
            labelled=labelled_rows and labelled_rows // processes.world,
        )
        validation = Batches(data.validation, max(batch_size, 500), device=fabric.device, workers=workers)
        pair.to(fabric.device)
        parameters = parameter_groups(pair, groups) if groups else pair.parameters()
        torch_optimiser = (optimiser or adam)(parameters)
        done = Progress(epochs, patience)
        display = Display(path.name, epochs, len(batches), shown=progress and processes.first, warns=processes.first)
        with processes.agreed():
            if resume:
                require_same_run(path, pair, data, settings)
                before = done.restore(path, pair, torch_optimiser, processes, seed)
                if before != processes.world:
                    display.say(f"Processes: {processes.world} in place of {before}, so noise is drawn anew from here.")
            else:
                if processes.first:
                    require_free(path)
                processes.seed(seed)
        step = training_step(pair.train(), lambda: next(batches.epoch(0)), epochs * len(batches), compile, display)
        if not resume:
            parts = processes.gather(done.own())
            with processes.agreed():
                if processes.first:
                    create_folder(path, pair, data, settings, lambda new: done.save(new, pair, torch_optimiser, parts))
        loop = Loop(
            step, torch_optimiser, fabric, done, path, lr=lr, groups=groups, clip=clip, seed=seed, processes=processes
        )
        try:
            stopped = loop.run(batches, validation, display)
        finally:
            if events is not None:
                events.finalize("finished")
        if done.best is not None:
            pair.load_state_dict(done.best)
        processes.gather(None)  # until the first one has written all
    return Run(path, pair, data, stopped=stopped)


def adam(parameters: Iterable[Any]) -> Optimizer:
    """Adam; the weights decay, beside its steps, where a group asks for it."""
    return torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.0, fused=True)
