"""Whether a run trains on captured graphs or on the pair itself."""

from collections.abc import Callable
from typing import Literal

from ...data import Batch
from ..capture import CannotCapture, Captured
from ..pair import Pair
from ..step import Step
from .display import Display

__all__ = ["CaptureWarning", "Compile", "training_step"]

Compile = Literal["auto"] | bool

REPAID = 10_000
"""Steps from which compilation pays: it takes 10 to 60 seconds, and Pyro some 2 to 5 milliseconds a step. A number of
steps and no clock decides, so that a run that is repeated or resumed decides alike."""


class CaptureWarning(UserWarning):
    """A pair could not be captured and trains as it is."""


def training_step(pair: Pair, batch: Callable[[], Batch], steps: int, compile: Compile, display: Display) -> Step:
    """The step that a run takes, compiled if it can be and pays; one line says which.

    Args:
        pair: in training mode.
        batch: gives an example batch.
        steps: of the whole run.
        compile: "auto", True or False, as :func:`~pellucid.fit` takes it.
        display: where to say it.

    Raises:
        ValueError: if ``compile`` is True and the pair cannot be captured or compiled.
    """
    if not compile:
        return Step(pair)
    if compile == "auto" and steps < REPAID:
        display.say(f"Trains without compiling: {steps} steps would not repay it (compile=True if many runs follow).")
        return Step(pair)
    display.say("Compiling the step: up to a minute the first time, a few seconds from the cache.")
    step = Captured(pair)
    try:
        step.graph(batch())
    except CannotCapture as error:
        if compile != "auto":
            raise ValueError(f"compile: True was given, and the pair cannot be captured: {error}") from error
        display.warn(f"Trains without compiling: the pair cannot be captured: {error}", CaptureWarning)
        return Step(pair)
    display.say(f"Compiled in {step.seconds:.1f} s: steps run without Pyro.")
    return step
