"""Tasks one after the other in this process, or several at once in processes of their own."""

import os
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait

import torch

from ..inference.training.stopping import stop_signals
from .attempt import Outcome, attempt
from .grid import Task
from .worker import Worker

__all__ = ["cores", "run_here", "run_in_workers"]

Told = Callable[[Task, Outcome], None]


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_here(tasks: Sequence[Task], told: Told, *, threads: int | None = None, progress: bool = False) -> int:
    """One task after the other; the number of the signal that stopped them, or 0.

    Args:
        tasks: what is to be done.
        told: is called with each task that ended and its outcome. A failed one does not keep the next from its turn.
        threads: of torch; as many as before if None.
        progress: show the live line of each training.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        for task in tasks:
            outcome = attempt(task, progress=progress)
            if outcome.stopped:
                return outcome.stopped
            told(task, outcome)
    finally:
        torch.set_num_threads(before)
    return 0


def run_in_workers(tasks: Sequence[Task], told: Told, *, jobs: int) -> int:
    """Some tasks at once, in fresh processes with one thread each; the number of the signal that stopped them, or 0.

    At the first Ctrl-C or SIGTERM every worker is told to stop: a training ends with its checkpoint, a measurement is
    dropped. A worker that dies takes only its own task with it.

    Args:
        tasks: what is to be done.
        told: as in :func:`run_here`; called in this process.
        jobs: workers at once.
    """
    waiting, workers = list(tasks)[::-1], list[Worker]()
    with stop_signals() as stop:
        try:
            while workers or (waiting and not stop):
                while waiting and not stop and len(workers) < jobs:
                    workers.append(Worker(waiting.pop()))
                # Not for ever: a signal that only leaves a note does not end the waiting.
                ready = wait([worker.connection for worker in workers], timeout=0.2)
                for worker in [worker for worker in workers if worker.connection in ready]:
                    outcome = worker.outcome()
                    if not outcome.stopped and not (stop and outcome.error):
                        told(worker.task, outcome)
                    if waiting and not stop and worker.give(waiting[-1]):
                        waiting.pop()
                    else:
                        workers.remove(worker)
                        worker.close()
                for worker in workers if stop else ():
                    worker.stop()
        finally:
            for worker in workers:
                worker.close(kill=True)
    return stop.number
