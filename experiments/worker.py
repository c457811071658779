"""A process of its own that does tasks one after the other, with one thread."""

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

import torch

from .attempt import Outcome, attempt
from .grid import Task

__all__ = ["Worker"]


class Worker:
    """A fresh process, and the connection to it.

    Args:
        task: its first.
    """

    def __init__(self, task: Task):
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs,))
        self.stopping = False
        with born_with(signal.SIGINT, OMP_NUM_THREADS="1"):
            self.process.start()
        theirs.close()
        self.give(task)

    def give(self, task: Task) -> bool:
        """Hand it a task; False if it is no longer there."""
        self.task, self.began = task, time.monotonic()
        try:
            self.connection.send(task)
        except OSError:
            return False
        return True

    def outcome(self) -> Outcome:
        """What became of its task; waits for it."""
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            code = self.process.exitcode
            return Outcome(
                time.monotonic() - self.began,
                error=f"its process ended with code {code}"
                + (", as one that is killed for want of memory" if code == -signal.SIGKILL else ""),
            )

    def stop(self) -> None:
        """Tell it to stop, once: a second time would cut its checkpoint short."""
        if not self.stopping:
            self.process.terminate()
        self.stopping = True

    def close(self, *, kill: bool = False) -> None:
        """Wait for its end, which comes when there is nobody to give it a task."""
        self.connection.close()
        if kill:
            self.process.kill()
        self.process.join()


@contextlib.contextmanager
def born_with(ignored: signal.Signals, **variables: str) -> Iterator[None]:
    """A place to start processes that ignore a signal from their first moment and find these environment variables."""
    before = {name: os.environ.get(name) for name in variables}
    handler = signal.signal(ignored, signal.SIG_IGN)
    os.environ.update(variables)
    try:
        yield
    finally:
        signal.signal(ignored, handler)
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({} if value is None else {name: value})


def work(connection: Connection) -> None:
    """What the process does: tasks from the connection, outcomes into it, until the other end is closed.

    A process group of its own keeps a terminal's Ctrl-C away: whoever began the process passes the stop on, once.
    """
    os.setpgrp()
    torch.set_num_threads(1)
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            connection.send(attempt(connection.recv()))
