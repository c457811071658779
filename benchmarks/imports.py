"""``python -m benchmarks.imports``: ``import pellucid`` against ``import pyro``, each in a fresh process."""

import subprocess
import sys
import tempfile
import time

from benchmarks.machine import machine
from benchmarks.timing import table


def seconds(name: str) -> float:
    """Of a process that imports a package and ends."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {name}"], check=True, cwd=tempfile.gettempdir())
    return time.perf_counter() - began


def main(rounds: int = 7) -> None:
    """The table."""
    times: dict[str, list[float]] = {"pyro": [], "pellucid": []}
    for _ in range(rounds):
        for name, values in times.items():
            values.append(1000 * seconds(name))
    print(f"{machine()}\n\n{table('import, whole process', times, 'pyro')}")


if __name__ == "__main__":
    main()
