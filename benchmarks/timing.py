"""Interleaved timing: every competitor in turn, many rounds, so that a busy machine is busy for all."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

__all__ = ["calls_for", "interleaved", "ratio", "table"]


def calls_for(run: Callable[[], object], seconds: float) -> int:
    """How many calls fill a turn of so many seconds; one call is made before, and one is timed at least."""
    run()
    began, calls = time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < seconds or not calls:
        run()
        calls += 1
    return max(1, round(calls * seconds / spent))


def interleaved(
    competitors: Mapping[str, Callable[[], object]], rounds: int = 15, calls: int = 20
) -> dict[str, list[float]]:
    """Milliseconds a call: name -> one mean of ``calls`` calls per round.

    Args:
        competitors: what to time; each is called ``calls`` times before the first round.
        rounds: how often each has its turn.
        calls: calls a turn.
    """
    for run in competitors.values():
        for _ in range(calls):
            run()
    times: dict[str, list[float]] = {name: [] for name in competitors}
    for _ in range(rounds):
        for name, run in competitors.items():
            began = time.perf_counter()
            for _ in range(calls):
                run()
            times[name].append(1000 * (time.perf_counter() - began) / calls)
    return times


def ratio(times: Sequence[float], unit: Sequence[float]) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(times, unit, strict=True))


def table(title: str, times: Mapping[str, list[float]], unit: str) -> str:
    """Medians, and the median of the rounds' ratios to the competitor named ``unit``."""
    lines = [title, f"  {'':44s} {'ms':>8s} {'ratio':>7s}"]
    for name, values in times.items():
        lines.append(f"  {name:44s} {statistics.median(values):8.2f} {ratio(values, times[unit]):7.2f}")
    return "\n".join(lines)
