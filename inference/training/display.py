"""What a person sees while a run trains: a live line in a terminal, a line now and then elsewhere."""

import math
import sys
import time
import warnings
from collections.abc import Mapping

from rich.console import Console
from rich.live import Live
from rich.text import Text

__all__ = ["Display"]


class Display:
    """Bound, terms, rate and time left, redrawn four times a second at most.

    Args:
        title: what is trained, on what.
        epochs: epochs in all.
        steps: steps an epoch.
        shown: False prints nothing.
        warns: False gives no warning either, where another process does.
    """

    def __init__(self, title: str, epochs: int, steps: int, *, shown: bool = True, warns: bool = True):
        self.title, self.epochs, self.steps, self.shown, self.warns = title, epochs, steps, shown, warns
        self.console = Console(file=sys.stderr, highlight=False)
        self.live = Live(console=self.console, refresh_per_second=4, auto_refresh=False, transient=True)
        self.is_terminal = shown and self.console.is_terminal
        self.began = self.drawn = time.monotonic()
        self.first: int | None = None

    def __enter__(self) -> "Display":
        if self.is_terminal:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_terminal:
            self.live.stop()

    @property
    def due(self) -> bool:
        """Whether a quarter of a second has passed since the last drawing: figures need not be fetched before."""
        return self.is_terminal and time.monotonic() - self.drawn > 0.25

    def step(self, epoch: int, step: int, means: Mapping[str, float]) -> None:
        """Redraw the live line."""
        self.drawn = time.monotonic()
        done = epoch * self.steps + step
        self.first = done if self.first is None else self.first
        rate = (done - self.first) / max(self.drawn - self.began, 1e-9)
        left = (self.epochs * self.steps - done) / rate if rate else math.inf
        filled = int(24 * done / (self.epochs * self.steps))
        bar = "━" * filled + "╌" * (24 - filled)
        place, pace = f"epoch {epoch + 1}/{self.epochs}", f"{rate:.0f} steps/s  {clock(left)} left"
        line = "  ".join((self.title, bar, place, figures(means), pace))
        self.live.update(Text(line, overflow="ellipsis", no_wrap=True), refresh=True)

    def epoch(self, row: Mapping[str, float]) -> None:
        """Print the epoch's line: every epoch in a terminal, some twenty a run elsewhere."""
        number = int(row["epoch"])
        if self.shown and (self.is_terminal or number % max(1, self.epochs // 20) == 0 or number == self.epochs):
            train = {name.removeprefix("train/"): v for name, v in row.items() if name.startswith("train/")}
            valid = {name.removeprefix("validation/"): v for name, v in row.items() if name.startswith("validation/")}
            line = f"{self.title}  epoch {number}/{self.epochs}  train {figures(train)}  validation {figures(valid)}"
            line += f"  {row['seconds']:.1f} s"
            self.console.print(Text(line), soft_wrap=True)

    def say(self, sentence: str) -> None:
        """Print a sentence of its own."""
        if self.shown:
            self.console.print(Text(sentence), soft_wrap=True)

    def warn(self, sentence: str, category: type[Warning]) -> None:
        """Say it; as a warning at whoever called ``fit`` if nothing is to be printed."""
        if self.shown:
            self.say(sentence)
        elif self.warns:
            warnings.warn(sentence, category, stacklevel=4)


def figures(means: Mapping[str, float]) -> str:
    """The bound, the factors and the accuracies; what else there is of single sites is in metrics.csv."""
    sites = ("log p(", "kl(", "open(", "live(", "between(", "information(", "entropy(")
    shown = [name for name in means if name != "loss" and not name.startswith(sites)]
    return "  ".join(f"{name} {means[name]:.4g}" for name in shown)


def clock(seconds: float) -> str:
    """Minutes and seconds.

    Example:
        >>> clock(83)
        '1:23'
    """
    if not math.isfinite(seconds):
        return "?"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
