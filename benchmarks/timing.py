"""Interleaved timing: every competitor in turn, many rounds, so that a busy machine is busy for all."""

import statistics
import time
from collections.abc import Callable, Mapping

__all__ = ["interleaved"]


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


def table(title: str, times: Mapping[str, list[float]], unit: str) -> str:
    """Medians, and the median of the rounds' ratios to the competitor named ``unit``."""
    lines = [title, f"  {'':44s} {'ms':>8s} {'ratio':>7s}"]
    for name, values in times.items():
        ratio = statistics.median(a / b for a, b in zip(values, times[unit], strict=True))
        lines.append(f"  {name:44s} {statistics.median(values):8.2f} {ratio:7.2f}")
    return "\n".join(lines)
