"""The loop: epochs of gradient steps, each epoch closed by validation, a row of metrics and a checkpoint."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyro
from torch import Tensor, nn
from torch.optim import Optimizer

from ...data import Batch, Batches
from ...schedules import Schedule, advance
from ..pair import Pair
from .collapse import find_collapse
from .display import Display
from .meter import Diverged
from .progress import Progress
from .pyro_checks import UNCHECKED
from .stopping import StopSignal, stop_signals
from .validate import validate

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Loop"]


class Loop:
    """Trains a pair from where ``done`` stands.

    Args:
        pair: on the device already.
        optimiser: over the pair's parameters.
        fabric: devices and loggers.
        done: how far the run has come; moves on in place.
        folder: the run's folder.
        lr: learning rate or its schedule; None leaves the optimiser's own.
        clip: largest gradient norm, or None.
        seed: of validation's draws.
    """

    def __init__(
        self,
        pair: Pair,
        optimiser: Optimizer,
        fabric: "Fabric",
        done: Progress,
        folder: Path,
        *,
        lr: float | Schedule | None = None,
        clip: float | None = None,
        seed: int = 0,
    ):
        self.pair, self.optimiser, self.fabric, self.done, self.folder = pair, optimiser, fabric, done, folder
        self.lr, self.clip, self.seed = lr, clip, seed
        self.plain = Step(pair)
        self.module, self.fabric_optimiser = fabric.setup(self.plain, optimiser)

    def run(self, batches: Batches, validation: Batches, display: Display) -> int:
        """Train to the last epoch, out of patience or to a stop signal, whose number is returned (0 without one)."""
        done = self.done
        with stop_signals() as stop, display, pyro.settings.context(**UNCHECKED):
            while not (done.over or stop):
                began = time.monotonic()
                self.pair.train()
                if closed := self.epoch(batches, display, stop):
                    seconds = time.monotonic() - began
                    figures = validate(self.pair, validation, self.seed)
                    more = {f"weight/{factor.name}": float(factor.weight) for factor in self.pair.factors}
                    more |= {"weight/kl": float(self.pair.objective.kl_weight)}
                    more |= {"lr": self.optimiser.param_groups[0]["lr"], "seconds": seconds}
                    row = done.finish_epoch(self.pair, figures, more)
                    display.epoch(row)
                    self.fabric.log_dict(row, step=done.epoch)
                done.save(self.folder, self.pair, self.optimiser)
                for collapse in find_collapse(done.history) if closed else []:
                    if collapse.epoch == done.epoch:  # new at this one: said once, in a resumed run too
                        display.warn(str(collapse))
            if done.patience.exhausted:
                display.say(
                    f"No better validation bound in {done.patience.since} epochs: the weights are those of "
                    f"epoch {done.epoch - done.patience.since}."
                )
            elif stop and not done.over:
                display.say(
                    f"Stopped by signal {stop.number}; the checkpoint is whole. Go on with: pellucid fit "
                    f"--resume {self.folder}"
                )
        self.pair.eval()
        return 0 if done.over else stop.number

    def epoch(self, batches: Batches, display: Display, stop: StopSignal) -> bool:
        """The rest of the current epoch's steps; False if a signal broke it off."""
        done = self.done
        for batch in batches.epoch(done.epoch, start=done.step):
            advance(self.pair, fraction := (done.epoch + done.step / len(batches)) / done.epochs)
            if self.lr is not None:
                for group in self.optimiser.param_groups:
                    group["lr"] = self.lr(fraction) if isinstance(self.lr, Schedule) else self.lr
            self.step(batch)
            if display.due:
                display.step(done.epoch, done.step, done.meter.means())
            if stop:
                break
        self.check()
        self.check_weights()
        return done.step == len(batches)

    def step(self, batch: Batch) -> None:
        """One gradient step."""
        self.fabric_optimiser.zero_grad(set_to_none=True)
        loss = self.module(batch)
        self.done.meter.add(self.plain.terms, batch.rows)
        self.done.step += 1
        # A look at the numbers waits for the device: free on a CPU, dear on a GPU.
        if self.fabric.device.type == "cpu" or self.done.step % 20 == 0:
            self.check()
        self.fabric.backward(loss)
        if self.clip is not None:
            self.fabric.clip_gradients(self.module, self.fabric_optimiser, max_norm=self.clip, error_if_nonfinite=False)
        self.fabric_optimiser.step()

    @property
    def place(self) -> str:
        """Where the run is, as people count."""
        return f"epoch {self.done.epoch + 1}, step {self.done.step}"

    def check(self) -> None:
        """Raise :class:`Diverged` if a term of the loss was not finite."""
        if terms := self.done.meter.not_finite():
            raise Diverged(self.place, ", ".join(terms), self.folder)

    def check_weights(self) -> None:
        """Raise :class:`Diverged` if a weight is not finite, as after a finite loss with a gradient that was not."""
        for name, weight in self.pair.named_parameters():
            if not weight.isfinite().all():
                raise Diverged(self.place, f"the parameter '{name}'", self.folder)


class Step(nn.Module):
    """What Fabric wraps: a batch in, the loss out.

    Attributes:
        terms: the means of the last loss's terms by name. Kept here, for Fabric looks at every tensor that is returned.
    """

    def __init__(self, pair: Pair):
        super().__init__()
        self.pair = pair
        self.terms: dict[str, Tensor] = {}

    def forward(self, batch: Batch) -> Tensor:
        """The loss, 0-d."""
        terms = self.pair(*batch)
        self.terms = terms.summary()
        return terms.loss
