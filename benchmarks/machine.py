"""What a timing was taken on, in one line."""

import platform
from pathlib import Path

import torch

__all__ = ["machine"]


def machine() -> str:
    """Torch, threads, processor, and whether it multiplies matrices of bfloat16."""
    said = dict(line.split(":", 1) for line in cpuinfo() if ":" in line)
    facts = {key.strip(): value.strip() for key, value in said.items()}
    name = facts.get("model name") or platform.processor() or platform.machine()
    flags = set(facts.get("flags", "").split())
    units = ", ".join(f"{'with' if unit in flags else 'without'} {unit}" for unit in ("avx512_bf16", "amx_bf16"))
    return f"torch {torch.__version__}, {torch.get_num_threads()} threads, {name} ({units})"


def cpuinfo() -> list[str]:
    """The kernel's words on the first processor; none where there is no Linux."""
    path = Path("/proc/cpuinfo")
    return path.read_text().split("\n\n")[0].splitlines() if path.exists() else []
