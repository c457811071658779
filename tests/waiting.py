"""Waiting for what another process writes."""

import subprocess
import time
from pathlib import Path

__all__ = ["wait_for"]


def wait_for(path: Path, process: subprocess.Popen) -> None:
    """Return once the file is there; fail if the process ends before, or after two minutes."""
    deadline = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, f"the runs ended without {path}"
        assert time.monotonic() < deadline, f"no {path} in two minutes"
        time.sleep(0.01)
