"""A call in a process of its own, so that nothing is compiled or cached but what lies in a given folder."""

import multiprocessing
import os
from collections.abc import Callable
from typing import Any

import torch

__all__ = ["fresh"]

FOLDER = "TORCHINDUCTOR_CACHE_DIR"


def fresh(function: Callable[..., Any], *args: Any, cache: str) -> Any:
    """``function(*args)`` with this process's number of threads; ``cache`` is the folder of compiled code."""
    before = os.environ.get(FOLDER)
    os.environ[FOLDER] = cache
    try:
        with multiprocessing.get_context("spawn").Pool(1, torch.set_num_threads, (torch.get_num_threads(),)) as pool:
            return pool.apply(function, args)
    finally:
        if before is None:
            del os.environ[FOLDER]
        else:
            os.environ[FOLDER] = before
