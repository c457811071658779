"""Reasons to end a run before its last epoch: a signal, or a validation bound that no longer improves."""

import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from types import FrameType
from typing import Any

__all__ = ["Patience", "StopSignal", "stop_signals"]


@dataclass
class StopSignal:
    """The signal received, if any: 0 or its number."""

    number: int = 0

    def __bool__(self) -> bool:
        return self.number != 0


@contextmanager
def stop_signals() -> Iterator[StopSignal]:
    """Turn the first Ctrl-C or SIGTERM into a note for the loop, which then ends between two steps.

    A second one acts as usual.

    Handlers can be set in the main thread only; elsewhere the note stays empty.
    """
    received = StopSignal()
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: FrameType | None) -> None:
        received.number = number
        for each, handler in before.items():
            signal.signal(each, handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass
class Patience:
    """Early stopping: at an end when ``epochs`` epochs have passed since the best validation bound.

    Args:
        epochs: None never stops.
        best: best bound so far, nats per row.
        since: epochs since then.

    Example:
        >>> patience = Patience(2)
        >>> [patience.improved(bound) for bound in (-3.0, -2.0, -2.5, -2.2)], patience.exhausted
        ([True, True, False, False], True)
    """

    epochs: int | None
    best: float = -math.inf
    since: int = 0

    @property
    def exhausted(self) -> bool:
        """Time to stop."""
        return self.epochs is not None and self.since >= self.epochs

    def improved(self, bound: float) -> bool:
        """Take the bound of one more epoch; True if it is the best so far."""
        better = bound > self.best
        self.best, self.since = (bound, 0) if better else (self.best, self.since + 1)
        return better

    def state(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return asdict(self)
