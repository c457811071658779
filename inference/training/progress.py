"""How far a run has come: everything that a resumed run needs besides the weights."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from ..pair import Pair
from .checkpoint import read_best, read_state, read_weights, write_checkpoint
from .meter import Meter
from .metrics import write_metrics
from .processes import ALONE, Processes
from .stopping import Patience

__all__ = ["Progress", "is_finished"]


class Progress:
    """Epoch, step within it, the epoch's running means, history, early stopping and the best weights.

    Args:
        epochs: epochs in all.
        patience: see :class:`Patience`; None keeps no best weights.
    """

    def __init__(self, epochs: int, patience: int | None):
        self.epochs, self.epoch, self.step = epochs, 0, 0
        self.meter, self.patience = Meter(), Patience(patience)
        self.history: list[dict[str, float]] = []
        self.best: dict[str, Tensor] | None = None

    @property
    def over(self) -> bool:
        """All epochs done, or patience at its end."""
        return self.epoch >= self.epochs or self.patience.exhausted

    def finish_epoch(self, pair: Pair, validation: dict[str, float], more: dict[str, float]) -> dict[str, float]:
        """Close the epoch: its row of figures joins the history and is returned."""
        self.epoch, self.step = self.epoch + 1, 0
        row = {"epoch": self.epoch} | {f"train/{name}": value for name, value in self.meter.means().items()}
        row |= {f"validation/{name}": value for name, value in validation.items()} | more
        self.meter = Meter()
        self.history.append(row)
        improved = self.patience.improved(validation["bound"])
        if improved and self.patience.epochs is not None:
            self.best = {
                name: tensor.detach().clone(memory_format=torch.contiguous_format)
                for name, tensor in pair.state_dict().items()
            }
        return row

    def own(self) -> dict[str, Any]:
        """The part of the state that each process has its own of: the epoch's means, and torch's random states."""
        return {
            "meter": self.meter.state(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
        }

    def save(self, folder: Path, pair: Pair, optimiser: Optimizer, parts: Sequence[dict[str, Any]]) -> None:
        """Write checkpoint and metrics.

        Args:
            folder: the run's.
            pair: its weights.
            optimiser: its state.
            parts: what :meth:`own` gives on each of the processes.
        """
        state = {
            "epochs": self.epochs,
            "epoch": self.epoch,
            "step": self.step,
            "patience": self.patience.state(),
            "history": self.history,
            "optimiser": optimiser.state_dict(),
            **parts[0],
            "others": list(parts[1:]),
        }
        write_metrics(folder / "metrics.csv", self.history)
        write_checkpoint(folder, pair, self.best, state)

    def restore(
        self, folder: Path, pair: Pair, optimiser: Optimizer, processes: Processes = ALONE, seed: int = 0
    ) -> int:
        """Take up the last checkpoint: pair and optimiser in place, torch's random states, and what is here.

        Where there are more or fewer processes than then, random streams begin anew, from the seed and the place.

        Returns:
            how many processes there were.
        """
        state: dict[str, Any] = read_state(folder)
        read_weights(folder, pair)
        optimiser.load_state_dict(state["optimiser"])
        for parameter, moments in optimiser.state.items():
            for name, moment in moments.items():
                if isinstance(moment, Tensor) and moment.shape == parameter.shape:
                    # A fused optimiser reads memory as it lies: moments must lie as their parameter does.
                    moments[name] = torch.empty_like(parameter, dtype=moment.dtype).copy_(moment)
        self.epoch, self.step, self.history = state["epoch"], state["step"], state["history"]
        self.patience = Patience(**state["patience"])
        self.best = read_best(folder)
        parts = [state, *state.get("others", [])]
        if len(parts) == processes.world:
            own = parts[processes.rank]
            self.meter.restore(own["meter"], pair.device)
            torch.set_rng_state(own["random"])
            if own["random_cuda"]:
                torch.cuda.set_rng_state_all(own["random_cuda"])
        else:
            meters = [Meter() for _ in parts]
            for meter, part in zip(meters, parts, strict=True):
                meter.restore(part["meter"], pair.device)
            self.meter = Meter.joined(meters if processes.first else ())
            processes.seed(seed, self.epoch, self.step)
        return len(parts)


def is_finished(folder: Path) -> bool:
    """Whether the run in ``folder`` came to its last epoch, or out of patience."""
    state = read_state(folder)
    return state["epoch"] >= state["epochs"] or Patience(**state["patience"]).exhausted
