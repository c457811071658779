"""The arguments of ``fit`` that are numbers: each within its range, before anything is written."""

import math

from ...schedules import Schedule

__all__ = ["check_arguments"]


def check_arguments(
    epochs: int, lr: float | Schedule | None, clip: float | None, patience: int | None, seed: int, workers: int
) -> None:
    """Check the ranges.

    Raises:
        ValueError: with the argument, what was expected and what was given.

    Example:
        >>> check_arguments(epochs=60, lr=1e-3, clip=None, patience=10, seed=0, workers=0)
    """
    rates = (lr.start, lr.stop) if isinstance(lr, Schedule) else (1e-3 if lr is None else lr,)
    checks = [
        ("epochs", epochs, epochs >= 1, "at least 1", "60, the default"),
        ("lr", lr, min(rates) >= 0 and 0 < max(rates) < math.inf, "positive", "1e-3"),
        ("clip", clip, clip is None or clip > 0, "positive, or None", "1.0"),
        ("patience", patience, patience is None or patience >= 1, "at least 1, or None", "10"),
        ("seed", seed, seed >= 0, "at least 0", "0"),
        ("workers", workers, workers >= 0, "at least 0", "0"),
    ]
    for name, given, right, expected, remedy in checks:
        if not right:
            raise ValueError(f"{name}: expected a number {expected}; given {given}.\nTry one of:\n- {name}={remedy}")
