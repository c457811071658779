"""Posterior draws of test rows, for ArviZ."""

from itertools import islice
from pathlib import Path
from typing import Any

import torch

from ...diagnostics import save_arviz, to_arviz
from .headline import spoken_of
from .reading import Reading, Space

__all__ = ["save_draws"]


def save_draws(reading: Reading, path: Path) -> None:
    """Write ``posterior.nc``: joint draws of all that the run says of its first rows, the same each time.

    The groups are those of :meth:`~pellucid.inference.training.Run.draws`. Dimensions are called by what the report
    found: "z3 specific: 0, 6", their role a second coordinate.

    Args:
        reading: of the run.
        path: the file.
    """
    run, space = reading.run, reading.space
    with torch.random.fork_rng([run.pair.device] if run.pair.device.type == "cuda" else []):
        torch.manual_seed(0)
        drawn = run.draws()
    if space is not None:
        drawn["coords"] |= said_of(space, drawn["dims"])
    save_arviz(to_arviz(**drawn), path)


def said_of(space: Space, dims: dict[str, list[str]]) -> dict[str, Any]:
    """Names and roles along the axes of the sites that the code is made from, and along its own."""
    D = len(space.used)
    names, roles = [name_of(space, j) for j in range(D)], [space.role(j) for j in range(D)]
    found: dict[str, tuple[list[str], list[str]]] = {"dimension": (names, roles)}
    rest = iter(zip(names, roles, strict=True))
    for part in space.code.each:
        own = list(islice(rest, part.z.shape[1]))
        if dims.get(part.site, [""])[-1].endswith("dimension"):
            found[dims[part.site][-1]] = ([name for name, _ in own], [role for _, role in own])
    used = {axis for axes in dims.values() for axis in axes}
    coords: dict[str, Any] = {axis: labels for axis, (labels, _) in found.items() if axis in used}
    if any(roles):
        coords |= {axis.replace("dimension", "role"): (axis, found[axis][1]) for axis in list(coords)}
    return coords


def name_of(space: Space, j: int) -> str:
    """What dimension j is called: "z3 specific: 0, 6", or "c0: hat" in the block of a label."""
    role = space.role(j)
    own = spoken_of(space, j) if role in ("shared", "specific") else [space.owner[j]] if space.owner[j] else []
    return f"{space.code.name(j)} {role}".rstrip() + (f": {', '.join(own)}" if own else "")
