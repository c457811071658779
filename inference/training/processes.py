"""The processes that train one run, and what they say to one another."""

import os
import pickle
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
import torch.distributed
from torch import nn

from ...data.streams import stream

__all__ = ["ALONE", "Processes"]

T = TypeVar("T")


class Processes:
    """So many processes, this one among them. A process alone neither waits nor speaks.

    Every method is to be called by all of them, at the same point of the program.

    Args:
        rank: the number of this one, from 0. The first alone writes and shows.
        world: how many there are.
        device: where numbers are exchanged.
        parent: the process that started this one, if one of them did.

    Attributes:
        children: those that this one started.
        agreed_error: the error that all have raised together, if they have.
        over: set when the run is.

    Example:
        >>> Processes().gather("said"), Processes().largest(3, 0)
        (['said'], [3, 0])
    """

    def __init__(self, rank: int = 0, world: int = 1, device: torch.device | str = "cpu", *, parent: int | None = None):
        self.rank, self.world, self.device, self.parent = rank, world, torch.device(device), parent
        self.children: list[subprocess.Popen[bytes]] = []
        self.agreed_error: Exception | None = None
        self.over = threading.Event()

    @property
    def first(self) -> bool:
        """Whether this is the one that writes and shows."""
        return self.rank == 0

    @property
    def orphaned(self) -> bool:
        """Whether the process that started this one is dead, as far as can be known from here."""
        return self.parent is None or os.getppid() != self.parent

    def gather(self, value: T) -> list[T]:
        """What each of them gives, by rank; also the way to wait for one another."""
        if self.world == 1:
            return [value]
        found: list[T] = [value] * self.world
        torch.distributed.all_gather_object(found, value)
        return found

    def largest(self, *numbers: int) -> list[int]:
        """The largest that any of them gives in each place; cheap enough to be asked between two steps."""
        if self.world == 1:
            return list(numbers)
        found = torch.tensor(numbers, device=self.device)
        torch.distributed.all_reduce(found, torch.distributed.ReduceOp.MAX)
        return found.tolist()

    @contextmanager
    def agreed(self) -> Iterator[None]:
        """An error of one, inside, is raised by all; nothing inside may speak to another process."""
        if self.world == 1:
            yield
            return
        own: Exception | None = None
        try:
            yield
        except Exception as error:
            own = error
        raised = next((error for error in self.gather(own and portable(own)) if error), None)
        if raised is not None:
            self.agreed_error = own or raised
            raise self.agreed_error

    def follow(self, module: nn.Module) -> None:
        """Take over the first one's buffers, such as the running statistics of a batch norm."""
        for buffer in module.buffers() if self.world > 1 else ():
            torch.distributed.broadcast(buffer, 0)

    def seed(self, seed: int, *place: int) -> None:
        """Begin torch's random stream: every process draws noise of its own.

        Args:
            seed: of the run.
            place: numbers that tell this beginning from others of the run; the first process's stream at none is that
                of ``torch.manual_seed(seed)``.
        """
        torch.manual_seed(stream(seed, "noise", *place, self.rank).initial_seed() if place or self.rank else seed)


ALONE = Processes()
"""A process by itself."""


def portable(error: Exception) -> Exception:
    """The error, if it survives the way to another process; otherwise one that says the same."""
    try:
        return pickle.loads(pickle.dumps(error))
    except Exception:  # whatever its constructor makes of arguments that are not its own
        return RuntimeError(str(error))
