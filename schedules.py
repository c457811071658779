r"""Quantities that move while a pair trains: a warm-up, a decay, a sharpness.

A scheduled quantity lives in its module as a 0-d buffer and is written in place before every step, so that a graph
traced from the module sees the change. Time is the *fraction of training done*, from 0 to 1: a schedule means the same
for 10 epochs and for 1000.
"""

import math
from abc import ABC, abstractmethod
from inspect import Parameter, signature
from typing import Any

import torch
from torch import nn

__all__ = ["Cosine", "Exponential", "Gaussian", "Ramp", "Schedule", "advance", "ends", "given", "scheduled"]


class Schedule(ABC):
    r"""A number as a function of the fraction of training done.

    From ``begin`` to ``end`` (both in [0, 1]) the value goes from ``start`` to ``stop``; before and after it stays
    there.

    Args:
        start: value until ``begin``.
        stop: value from ``end`` on.
        begin: fraction of training at which it starts to move.
        end: fraction of training at which it arrives.

    Raises:
        ValueError: unless ``0 <= begin < end <= 1`` and both values are finite.

    Example:
        >>> class Steps(Schedule):
        ...     '''Three levels, each for a third of the time.'''
        ...     def between(self, t):
        ...         return self.start + min(int(3 * t), 2) / 2 * (self.stop - self.start)
        >>> steps = Steps(0, 10)
        >>> steps(0.2), steps(0.5), steps(0.9)
        (0.0, 5.0, 10.0)
    """

    def __init__(self, start: float, stop: float, begin: float = 0.0, end: float = 1.0):
        if not 0 <= begin < end <= 1:
            raise ValueError(
                f"{type(self).__name__}: begin and end are fractions of training with 0 <= begin < end <= 1; "
                f"given begin={begin}, end={end}.\n"
                "Try one of:\n- end=0.3 for a warm-up over the first 30 % of the epochs\n"
                "- begin=0, end=1 for the whole of training"
            )
        if not (math.isfinite(start) and math.isfinite(stop)):
            raise ValueError(f"{type(self).__name__}: start and stop must be finite; given start={start}, stop={stop}.")
        self.start, self.stop, self.begin, self.end = float(start), float(stop), float(begin), float(end)

    def __call__(self, done: float) -> float:
        """The value when the fraction ``done`` of training lies behind."""
        return self.between(min(max((done - self.begin) / (self.end - self.begin), 0.0), 1.0))

    @abstractmethod
    def between(self, t: float) -> float:
        """The value at ``t`` in [0, 1], the position between ``begin`` and ``end``."""

    @property
    def recipe(self) -> dict[str, Any]:
        """How to build it again, as configurations hold it: the arguments of its constructor, by its attributes.

        Raises:
            ValueError: if the constructor has an argument without a default that is not kept under its name.
        """
        asked, kept = signature(type(self)).parameters, self.arguments
        if lost := [name for name in asked if name not in kept and asked[name].default is Parameter.empty]:
            raise ValueError(
                f"{type(self).__name__}: expected its constructor to keep '{lost[0]}' under that name, so that a "
                f"configuration can say how to build it again; given attributes {', '.join(vars(self))}.\n"
                f"Try one of:\n- self.{lost[0]} = {lost[0]}\n- a default for {lost[0]}"
            )
        return {"class_path": f"{type(self).__module__}.{type(self).__qualname__}", "init_args": kept}

    @property
    def arguments(self) -> dict[str, Any]:
        """Those of its constructor that it keeps under their names."""
        return {name: vars(self)[name] for name in signature(type(self)).parameters if name in vars(self)}

    def __repr__(self) -> str:
        words = {n: f"{v:g}" if isinstance(v, float) else repr(v) for n, v in self.arguments.items()}
        said = (word if name in ("start", "stop") else f"{name}={word}" for name, word in words.items())
        return f"{type(self).__name__}({', '.join(said)})"


class Ramp(Schedule):
    """A straight line from ``start`` to ``stop``.

    Example:
        >>> sharpness = Ramp(50, 200)
        >>> sharpness(0), sharpness(0.5), sharpness(1)
        (50.0, 125.0, 200.0)
    """

    def between(self, t: float) -> float:
        """Linear interpolation."""
        return (1 - t) * self.start + t * self.stop


class Cosine(Schedule):
    """Half a cosine from ``start`` to ``stop``: slow, fast, slow.

    Example:
        >>> Cosine(1e-3, 1e-5)(1)
        1e-05
    """

    def between(self, t: float) -> float:
        """Interpolation with the weight (1 - cos(pi t)) / 2."""
        t = (1 - math.cos(math.pi * t)) / 2
        return (1 - t) * self.start + t * self.stop


class Exponential(Schedule):
    """A constant ratio from step to step; ``start`` and ``stop`` must be positive.

    Example:
        >>> round(Exponential(1e-2, 1e-4)(0.5), 10)
        0.001
    """

    def __init__(self, start: float, stop: float, begin: float = 0.0, end: float = 1.0):
        super().__init__(start, stop, begin, end)
        if self.start <= 0 or self.stop <= 0:
            raise ValueError(
                f"Exponential: start and stop must be positive; given start={start}, stop={stop}. Try Ramp, "
                "which may reach 0."
            )

    def between(self, t: float) -> float:
        """Interpolation of the logarithm."""
        return self.start ** (1 - t) * self.stop**t


class Gaussian(Schedule):
    r"""The flank of a Gaussian bell: slow at its foot, steep midway, level at its top.

    With :math:`t` from 0 at ``begin`` to 1 at ``end``, a rising one (``stop`` above ``start``) is
    :math:`\text{start} + (\text{stop} - \text{start}) e^{-5 (1 - t)^2}`, and a falling one its mirror image,
    :math:`\text{stop} + (\text{start} - \text{stop}) e^{-5 t^2}`. The higher value is met exactly; the lower one to
    :math:`e^{-5}`, 0.7 % of the difference, which is what is left of the bell there.

    References:
        Laine & Aila, "Temporal Ensembling for Semi-Supervised Learning", ICLR 2017: the ramp-up of a weight;
        An, Choi, Jeon, "EXoN: EXplainable encoder Network", arXiv 2105.10867: also the decay of a learning rate.

    Example:
        >>> taught = Gaussian(0, 1, end=0.1)
        >>> round(taught(0), 4), round(taught(0.05), 4), taught(0.1)
        (0.0067, 0.2865, 1.0)
    """

    def between(self, t: float) -> float:
        """The bell's flank, whose top is the higher value."""
        foot, top, away = (self.start, self.stop, 1 - t) if self.stop > self.start else (self.stop, self.start, t)
        bell = math.exp(-5 * away**2)
        return (1 - bell) * foot + bell * top


def scheduled(module: nn.Module, name: str, value: float | Schedule) -> None:
    """Give ``module`` a 0-d buffer holding ``value``.

    A :class:`Schedule` is remembered, and :func:`advance` writes its values.

    Args:
        module: the owner.
        name: the buffer's name.
        value: a constant, or a schedule.

    Example:
        >>> layer = nn.Identity()
        >>> scheduled(layer, "weight", Ramp(0, 3, end=0.5))
        >>> advance(layer, 0.25)
        >>> layer.weight
        tensor(1.5000)
    """
    moving = isinstance(value, Schedule)
    module.register_buffer(name, torch.tensor(value(0.0) if moving else float(value)))
    schedules = vars(module).setdefault("_schedules", {})
    schedules.pop(name, None)
    if moving:
        schedules[name] = value


def given(module: nn.Module, name: str) -> float | Schedule:
    """What :func:`scheduled` was given for a buffer: the schedule, or the constant.

    Example:
        >>> layer = nn.Identity()
        >>> scheduled(layer, "weight", Ramp(0, 3))
        >>> given(layer, "weight")
        Ramp(0, 3, begin=0, end=1)
    """
    return vars(module).get("_schedules", {}).get(name, float(getattr(module, name)))


def ends(value: float | Schedule) -> tuple[float, float]:
    """Between which numbers a quantity stays.

    Example:
        >>> ends(3.0), ends(Ramp(0, 1))
        ((3.0, 3.0), (0.0, 1.0))
    """
    return (value.start, value.stop) if isinstance(value, Schedule) else (float(value), float(value))


def advance(root: nn.Module, done: float) -> None:
    """Write every scheduled buffer below ``root`` for the fraction ``done`` of training, in place.

    Args:
        root: any module.
        done: between 0 and 1.

    Example:
        >>> layer = nn.Linear(1, 1)
        >>> scheduled(layer, "sharpness", Ramp(50, 200))
        >>> advance(layer, 0.5)
        >>> layer.sharpness
        tensor(125.)
    """
    for module in root.modules():
        for name, schedule in vars(module).get("_schedules", {}).items():
            getattr(module, name).fill_(schedule(done))
