"""What the dimensions tell, in sentences."""

import math

import numpy as np

from ...diagnostics import INFORMATIVE
from .quantities import written
from .reading import Space

__all__ = ["told_lines"]


def told_lines(space: Space) -> list[str]:
    """How many dimensions are informative and how much they tell; against log N; and what the KL consists of.

    Args:
        space: of a run.
    """
    told = space.told
    image, value = told.image, told.image.value
    largest, total, ceiling = int(value.argmax()), float(value.sum()), math.log(image.rows)
    number = int((value > INFORMATIVE).sum())
    least = "" if told.exact else "about " if image.method == "draws" else "at least "
    error = f"± {written(float(image.standard_error[largest]))}"
    most = f"; {space.code.name(largest)} carries most, {least}{written(float(value[largest]))} {error}"
    carry = "carry" if number > 1 else "carries"
    lines = [
        f"{number or 'None'} of {len(value)} dimensions {carry} more than {INFORMATIVE:g} nats. Their sum over all "
        f"is {least}{written(total)} nats{most if number else ''}."
    ]
    which = f"Which of the {image.rows} rows it is takes log {image.rows} = {written(ceiling)} nats to say"
    lines.append(
        f"{which}: at least {written(total - ceiling)} nats are said more than once, by "
        "dimensions that depend on each other."
        if total > ceiling
        else f"{which}: no dimension, and not all of them together, can tell more."
    )
    if told.identity is not None:
        kl, information, rest = (
            written(float(np.sum(each)))
            for each in (told.identity.kl, told.identity.information, told.identity.marginal_kl)
        )
        lines.append(
            f"KL from the prior, {kl} nats a row = {information} of information + {rest} by which the codes of all "
            "rows together differ from the prior."
        )
    return lines
