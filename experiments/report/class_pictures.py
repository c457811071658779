"""Pictures of classes: which dimensions they share, and how the guide tells them."""

from collections.abc import Mapping, Sequence

import numpy as np

from ...diagnostics import Sharing, category_sharing
from ...diagnostics.figures import reliability, sharing_matrix
from .classified import Classified
from .picture import Drawn
from .reading import Reading

__all__ = ["label_pictures", "sharing_pictures"]


def sharing_pictures(readings: Mapping[str, Reading]) -> Drawn:
    """What classes have in common, with the change against the run beside."""
    (heading, overlap), *others = [(heading, sharing(reading)) for heading, reading in readings.items()]
    reading = next(iter(readings.values()))
    if overlap is not None:
        classes = reading.parts[0].classes
        caption = (
            "Jaccard overlap of the sets of dimensions open in two classes: those open in both over those open in "
            f"either, among the used dimensions. Open: mean gate above {overlap.threshold:g}."
        )
        title = "Overlap of two classes" + (f": {heading}" if others else "")
        yield "sharing", "sharing", sharing_matrix(overlap.jaccard, classes, title), caption
        for number, (other, without) in enumerate(others, 1):
            if without is not None and without.jaccard.shape == overlap.jaccard.shape:
                change, title = overlap.jaccard - without.jaccard, f"Change against {other}"
                figure = sharing_matrix(change, classes, title, label="change of the overlap", change=True)
                caption = (
                    f"The same less that of {other}: above zero, two classes have more of their dimensions in common."
                )
                yield "sharing", "sharing-change" + (f"-{number}" if number > 1 else ""), figure, caption


def sharing(reading: Reading) -> Sharing | None:
    """The overlap of classes in the used dimensions; None without gates, without classes, or with none used."""
    space = reading.space
    if space is None or space.code.gate is None or not (space.used & space.code.gated).any():
        return None
    if len(reading.parts) != 1 or space.meaning.attributes:
        return None
    part = reading.parts[0]
    gate = space.code.gate[part.known][:, np.flatnonzero(space.used & space.code.gated)]
    return category_sharing(gate, part.y[part.known], classes=part.classes)


def label_pictures(labels: Sequence[Classified]) -> Drawn:
    """How sure the guide is of each label and how right, and what it takes each class for.

    Args:
        labels: how the label sites do.
    """
    if labels:
        caption = (
            "Accuracy on test rows by confidence, the probability of the guess; fifteen bins of equal width. Labels "
            "withheld."
        )
        yield "labels", "reliability", reliability({each.name: each.calibration for each in labels}), caption
    for number, each in enumerate(labels):
        title, share = f"Labels told by site {each.name}", "share of the true class"
        figure = sharing_matrix(each.confusion, each.classes, title, label=share)
        caption = "Rows are true classes, columns the class that the guide finds most probable; labels withheld."
        yield "labels", f"labels-{number + 1}", figure, caption
