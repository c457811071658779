"""The arguments of ``fit``: numbers within their ranges, words among their choices, before anything is written."""

import math
from collections.abc import Iterable

from ...schedules import Schedule

__all__ = ["check_arguments", "check_choice", "is_rate"]


def check_arguments(
    epochs: int,
    lr: float | Schedule | None,
    clip: float | None,
    patience: int | None,
    seed: int,
    workers: int,
    devices: int | str = 1,
    nodes: int = 1,
) -> None:
    """Check the ranges.

    Raises:
        ValueError: with the argument, what was expected and what was given.

    Example:
        >>> check_arguments(epochs=60, lr=1e-3, clip=None, patience=10, seed=0, workers=0)
    """
    counted = isinstance(devices, int) and devices >= 1
    checks = [
        ("epochs", epochs, epochs >= 1, "at least 1", "60, the default"),
        ("lr", lr, lr is None or is_rate(lr), "positive", "1e-3"),
        ("clip", clip, clip is None or clip > 0, "positive, or None", "1.0"),
        ("patience", patience, patience is None or patience >= 1, "at least 1, or None", "10"),
        ("seed", seed, seed >= 0, "at least 0", "0"),
        ("workers", workers, workers >= 0, "at least 0", "0"),
        ("devices", devices, counted or devices == "auto", "at least 1, or 'auto'", "1"),
        ("nodes", nodes, nodes >= 1, "at least 1", "1"),
    ]
    for name, given, right, expected, remedy in checks:
        if not right:
            raise ValueError(f"{name}: expected a number {expected}; given {given}.\nTry one of:\n- {name}={remedy}")


def is_rate(lr: float | Schedule) -> bool:
    """Whether a number can be a learning rate: positive and finite, a schedule of it now and then.

    Example:
        >>> is_rate(1e-3), is_rate(0.0)
        (True, False)
    """
    rates = (lr.start, lr.stop) if isinstance(lr, Schedule) else (lr,)
    return min(rates) >= 0 and 0 < max(rates) < math.inf


def check_choice(name: str, given: object, choices: Iterable[object]) -> None:
    """Raise a ValueError unless an argument is one of its choices.

    Example:
        >>> check_choice("compile", "auto", ("auto", True, False))
    """
    if given not in (choices := list(choices)):
        raise ValueError(
            f"{name}: expected one of {', '.join(map(repr, choices))}; given {given!r}.\nTry one of:\n"
            f"- {name}={choices[0]!r}, the default"
        )
