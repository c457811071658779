"""Training: a short loop on Lightning Fabric, from a pair and a data set to a run folder."""

from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import nn
from torch.optim import Optimizer

from ...data import Batches, DataSet
from ...schedules import Schedule
from ..pair import Pair
from .display import Display
from .folder import create_folder, free_folder, require_same_run
from .loop import Loop
from .preflight import preflight
from .progress import Progress
from .ranges import check_arguments
from .run import Run

__all__ = ["fit"]


def fit(
    pair: Pair,
    data: DataSet,
    *,
    epochs: int = 60,
    batch_size: int = 128,
    lr: float | Schedule | None = None,
    optimiser: Callable[[Iterable[nn.Parameter]], Optimizer] | None = None,
    clip: float | None = None,
    patience: int | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    resume: bool = False,
    accelerator: str = "auto",
    workers: int = 0,
    tensorboard: bool = False,
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
        batch_size: rows a step; the last, smaller batch of an epoch is left out.
        lr: learning rate, or a schedule of it (``Cosine(1e-3, 1e-5)``); 1e-3 if omitted, or what ``optimiser`` brings.
        optimiser: called with the parameters; a fused Adam if omitted.
        clip: largest norm of the whole gradient.
        patience: stop after this many epochs without a better validation bound, and keep the weights of the best epoch.
        seed: of the order of rows and of all draws.
        folder: the run's folder; the next free one below ``runs/`` if omitted.
        resume: go on with the run in ``folder``, which must have the same configuration (device, workers and loggers
            may differ). Random numbers are torch's: a program that draws from numpy or Python's ``random`` does not
            resume exactly.
        accelerator: Fabric's: "auto", "cpu", "cuda" ...
        workers: processes that load rows of a data set that is not in memory.
        tensorboard: write TensorBoard events into the folder, beside the CSV.
        progress: show the live line.

    Returns:
        The run, its pair in evaluation mode.

    Raises:
        ValueError: if pair, data and arguments do not fit one another, before anything is written.
        FileExistsError: if ``folder`` is in use.
        Diverged: if a term of the loss is not finite; the last good checkpoint stays.

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
        "lr": lr,
        "optimiser": optimiser,
        "clip": clip,
        "patience": patience,
        "seed": seed,
        "accelerator": accelerator,
        "workers": workers,
        "tensorboard": tensorboard,
    }
    from lightning_fabric import Fabric  # two seconds of imports that a reader of finished runs need not wait for
    from lightning_fabric.loggers.tensorboard import TensorBoardLogger

    check_arguments(epochs, lr, clip, patience, seed, workers)
    preflight(pair, data, batch_size)
    path = Path(folder) if folder is not None else free_folder(pair, data)
    events = TensorBoardLogger(path, name="tensorboard", version="") if tensorboard else None
    fabric = Fabric(accelerator=accelerator, devices=1, loggers=events)
    batches = Batches(
        data.train, batch_size, shuffle=True, drop_last=True, seed=seed, device=fabric.device, workers=workers
    )
    validation = Batches(data.validation, max(batch_size, 500), device=fabric.device, workers=workers)
    pair.to(fabric.device)
    torch_optimiser = (
        optimiser(pair.parameters()) if optimiser else torch.optim.Adam(pair.parameters(), lr=1e-3, fused=True)
    )
    done = Progress(epochs, patience)
    if resume:
        require_same_run(path, pair, data, settings)
        done.restore(path, pair, torch_optimiser)
    else:
        torch.manual_seed(seed)
        create_folder(path, pair, data, settings, lambda new: done.save(new, pair, torch_optimiser))
    display = Display(path.name, epochs, len(batches), shown=progress)
    loop = Loop(pair, torch_optimiser, fabric, done, path, lr=lr, clip=clip, seed=seed)
    try:
        stopped = loop.run(batches, validation, display)
    finally:
        if events is not None:
            events.finalize("finished")
    if done.best is not None:
        pair.load_state_dict(done.best)
    return Run(path, pair, data, stopped=stopped)
