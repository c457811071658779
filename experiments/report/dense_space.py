"""The dimensions without a gate of a code that has both kinds, by themselves."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...diagnostics import Information
from .code import join
from .meaning import read_meaning
from .partition import Partition
from .reading import Space

__all__ = ["dense_space"]


def dense_space(space: Space, parts: Sequence[Partition]) -> Space | None:
    """The space of those dimensions: a dense code with its class means. None if there is none, or no gate beside them.

    Args:
        space: of a run.
        parts: partitions of its rows.
    """
    code = join([part for part in space.code.parts if part.gate is None])
    if code is None or space.code.gate is None:
        return None
    chosen, image = np.flatnonzero(~space.code.gated), space.told.image
    used = space.used[chosen]
    told = Information(image.value[chosen], image.standard_error[chosen], image.rows, image.method)
    return replace(
        space,
        code=code,
        told=replace(space.told, image=told),
        used=used,
        drawn=space.drawn[chosen],
        meaning=read_meaning(code, parts, used),
    )
