"""What becomes of a run one of whose processes dies."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch.distributed

from .meter import Diverged
from .processes import Processes

__all__ = ["ProcessLost", "losing", "speaks"]

UNUSED = "Expected to have finished reduction in the prior iteration"


class ProcessLost(RuntimeError):  # noqa: N818
    """One of the processes of a run died; its checkpoint is whole.

    Args:
        folder: the run's.
        rank: of the process that raises this.
        cause: why this very process fails; None if it is another that was lost.
        tells: whether it falls to this process to say so.
    """

    def __init__(self, folder: Path, rank: int, cause: Exception | None = None, *, tells: bool = True):
        what = "another process of the run died" if cause is None else f"{type(cause).__name__}: {cause}"
        super().__init__(
            f"process {rank}: {what}; the checkpoint in {folder} is whole: go on with pellucid fit --resume {folder}"
        )
        self.tells = tells


@contextmanager
def losing(processes: Processes, folder: Path) -> Iterator[None]:
    """Turn the loss of a process, inside, into :class:`ProcessLost` for the others.

    Args:
        processes: of the run; with one alone, nothing is turned.
        folder: the run's.

    Raises:
        ProcessLost: if another died, or if this one, not the first, fails in a way that the others do not share.
        ValueError: if the pair leaves parameters unused that the strategy expects to be used.
    """
    if processes.world == 1:
        yield
        return
    try:
        yield
    except Exception as error:
        if isinstance(error, Diverged) or error is processes.agreed_error:
            raise
        for child in processes.children:
            child.kill()  # it writes nothing, and would wait for this one
        if is_loss(error):
            time.sleep(0 if processes.first else 0.5)  # a dying parent closes its connections before it is gone
            tells = processes.first or (processes.rank == 1 and processes.orphaned)
            raise ProcessLost(folder, processes.rank, tells=tells) from error
        told = unused() if UNUSED in str(error) else error
        if processes.first:
            raise told from (error if told is not error else error.__cause__)
        time.sleep(2)  # if the first one has met the same, it says so, and this process is ended before it can
        raise ProcessLost(folder, processes.rank, told) from error
    finally:
        processes.over.set()


def is_loss(error: Exception) -> bool:
    """Whether it is the way in which gloo or NCCL says that a partner is gone."""
    return isinstance(error, torch.distributed.DistError) or (isinstance(error, RuntimeError) and "gloo" in str(error))


def unused() -> ValueError:
    """What to say of parameters that got no gradient."""
    return ValueError(
        "strategy: 'ddp' expects a gradient for every parameter at every step; some of this pair got none.\n"
        "Try one of:\n- strategy='ddp_find_unused_parameters_true', which looks for them at every step\n"
        "- requires_grad_(False) on the parameters that no step uses"
    )


def speaks(error: Exception | None = None) -> bool:
    """Whether it falls to this process to tell people of an error, or of a result: the first one, if it can.

    Example:
        >>> speaks(), speaks(ProcessLost(Path("runs/vsc-digits-1"), 3, tells=False))
        (True, False)
    """
    if isinstance(error, ProcessLost):
        return error.tells
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank() == 0
    return "TORCHELASTIC_RUN_ID" not in os.environ or os.environ.get("RANK", "0") == "0"
