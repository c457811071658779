"""Test rows to show."""

import numpy as np

from .reading import Reading

__all__ = ["exemplars", "has_images"]


def has_images(reading: Reading) -> bool:
    """Whether rows can be shown: images of one or three channels."""
    shape = reading.run.data.shape
    return len(shape) == 3 and shape[0] in (1, 3)


def exemplars(reading: Reading, number: int = 20) -> tuple[list[int], list[str]]:
    """Rows in turn from every class, and their classes; the first rows where there are no classes."""
    first = list(range(min(number, reading.batch.rows)))
    if len(reading.parts) != 1:
        return first, []
    part = reading.parts[0]
    y = part.y[part.known].numpy()
    where = np.flatnonzero(part.known.numpy())
    turn = np.array([np.sum(y[:i] == c) for i, c in enumerate(y)])
    chosen = where[np.lexsort((y, turn))][:number]
    return chosen.tolist(), [part.classes[int(part.y[row])] for row in chosen]
