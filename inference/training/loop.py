"""The loop: epochs of gradient steps, each epoch closed by validation, a row of metrics and a checkpoint."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyro
from torch.optim import Optimizer

from ...data import Batch, Batches
from ...schedules import Schedule, advance
from ..pyro_checks import UNCHECKED
from ..step import Step
from .collapse import CollapseWarning, find_collapse
from .display import Display
from .groups import Groups, own_rates
from .meter import Diverged, Meter
from .processes import ALONE, Processes
from .progress import Progress
from .stopping import StopSignal, stop_signals
from .validate import validate

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Loop"]

TALK = 10
"""Steps after which several processes hear of each other's stop signals and troubles."""


class Loop:
    """Trains a pair from where ``done`` stands.

    Args:
        step: of the pair, on the device already.
        optimiser: over the pair's parameters.
        fabric: devices and loggers.
        done: how far the run has come; moves on in place.
        folder: the run's folder.
        lr: learning rate or its schedule; None leaves the optimiser's own.
        groups: those of the optimiser's parameter groups after the first, by name, with the options they were given.
        clip: largest gradient norm, or None.
        seed: of validation's draws.
        processes: that train together; each with its share of the rows, the first one writing.
    """

    def __init__(
        self,
        step: Step,
        optimiser: Optimizer,
        fabric: "Fabric",
        done: Progress,
        folder: Path,
        *,
        lr: float | Schedule | None = None,
        groups: Groups | None = None,
        clip: float | None = None,
        seed: int = 0,
        processes: Processes = ALONE,
    ):
        self.plain, self.pair, self.optimiser = step, step.pair, optimiser
        self.fabric, self.done, self.folder = fabric, done, folder
        self.groups, self.clip, self.seed, self.processes = groups or {}, clip, seed, processes
        self.rates = own_rates(lr, groups) if groups else [lr] * len(optimiser.param_groups)
        self.trouble: tuple[int, str, str] | None = None
        self.module, self.fabric_optimiser = fabric.setup(step, optimiser)

    def run(self, batches: Batches, validation: Batches, display: Display) -> int:
        """Train to the last epoch, out of patience or to a stop signal, whose number is returned (0 without one)."""
        done = self.done
        with stop_signals() as received, display, pyro.settings.context(**UNCHECKED):
            stop = received if self.processes.world == 1 else StopSignal()
            while not (done.over or stop):
                began = time.monotonic()
                self.pair.train()
                if closed := self.epoch(batches, display, received, stop):
                    seconds = time.monotonic() - began
                    self.processes.follow(self.pair)
                    figures = validate(self.pair, validation, self.seed, self.processes)
                    done.meter = Meter.joined(self.processes.gather(done.meter))
                    more = {f"weight/{factor.name}": float(factor.weight) for factor in self.pair.factors}
                    more |= {"weight/kl": float(self.pair.objective.kl_weight)}
                    more |= self.last_rates() | {"seconds": seconds}
                    row = done.finish_epoch(self.pair, figures, more)
                    display.epoch(row)
                    self.fabric.log_dict(row, step=done.epoch)
                parts = self.processes.gather(done.own())
                if self.processes.first:
                    done.save(self.folder, self.pair, self.optimiser, parts)
                for collapse in find_collapse(done.history) if closed else []:
                    if collapse.epoch == done.epoch:  # new at this one: said once, in a resumed run too
                        display.warn(str(collapse), CollapseWarning)
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

    def epoch(self, batches: Batches, display: Display, received: StopSignal, stop: StopSignal) -> bool:
        """The rest of the current epoch's steps; False if a signal broke it off.

        Args:
            batches: of this process.
            display: shows the steps.
            received: the signal that this process received.
            stop: the one that all processes heed.
        """
        done = self.done
        for batch in batches.epoch(done.epoch, start=done.step):
            advance(self.pair, fraction := (done.epoch + done.step / len(batches)) / done.epochs)
            for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
                if rate is not None:
                    group["lr"] = rate(fraction) if isinstance(rate, Schedule) else rate
            self.step(batch)
            if display.due:
                display.step(done.epoch, done.step, done.meter.means())
            if self.processes.world > 1 and (done.step % TALK == 0 or done.step == len(batches)):
                self.agree(received, stop)
            if stop:
                break
        self.check()
        self.check_weights()
        return done.step == len(batches)

    def step(self, batch: Batch) -> None:
        """One gradient step."""
        self.fabric_optimiser.zero_grad(set_to_none=True)
        loss = self.module(batch)
        self.done.meter.add(self.plain.names, self.plain.means, batch.rows)
        self.done.step += 1
        # A look at the numbers waits for the device: free on a CPU, dear on a GPU.
        if self.fabric.device.type == "cpu" or self.done.step % 20 == 0:
            self.check()
        self.fabric.backward(loss)
        if self.clip is not None:
            self.fabric.clip_gradients(self.module, self.fabric_optimiser, max_norm=self.clip, error_if_nonfinite=False)
        self.fabric_optimiser.step()

    def last_rates(self) -> dict[str, float]:
        """The learning rates of the last step: that of the rest, and of each group with one of its own."""
        first, *others = (group["lr"] for group in self.optimiser.param_groups)
        own = {f"lr/{key}": rate for key, rate in zip(self.groups, others, strict=False) if "lr" in self.groups[key]}
        return {"lr": first} | own

    @property
    def place(self) -> str:
        """Where the run is, as people count."""
        return f"epoch {self.done.epoch + 1}, step {self.done.step}"

    def check(self) -> None:
        """Raise :class:`Diverged` if a term of the loss was not finite; several processes note it until they agree."""
        if self.trouble is None and (terms := self.done.meter.not_finite()):
            self.trouble = self.done.step, self.place, ", ".join(terms)
        if self.trouble is not None and self.processes.world == 1:
            raise Diverged(*self.trouble[1:], self.folder)

    def agree(self, received: StopSignal, stop: StopSignal) -> None:
        """Stop if any process received a signal; raise :class:`Diverged` if any is in trouble, for the first."""
        self.check()
        stop.number, trouble = self.processes.largest(received.number, int(self.trouble is not None))
        if trouble:
            _, place, terms = min(each for each in self.processes.gather(self.trouble) if each is not None)
            raise Diverged(place, terms, self.folder)

    def check_weights(self) -> None:
        """Raise :class:`Diverged` if a weight is not finite, as after a finite loss with a gradient that was not."""
        for name, weight in self.pair.named_parameters():
            if not weight.isfinite().all():
                raise Diverged(self.place, f"the parameter '{name}'", self.folder)
