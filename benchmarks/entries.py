"""Every pair of the zoo that is timed, with its twin."""

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple, cast

from torch import Tensor, nn

from benchmarks.twins import HandClassVSC, HandPseudoInputVSC, HandVAE, HandVSC, room_for, stock
from pellucid import Batch, Pair, data, zoo
from pellucid.data import Batches, DataSet

__all__ = ["ENTRIES", "Entry", "first_batch"]

SHAPE = (1, 28, 28)


class Entry(NamedTuple):
    """A pair, its twin, and what they are trained on.

    Attributes:
        pair: from a data set.
        twin: from a batch, which a careful person looks at before fixing a size.
        labels: share of the training rows that are labelled; None for all.
        stock: the same model and objective in stock Pyro, where it has them.
    """

    pair: Callable[[DataSet], Pair]
    twin: Callable[[Batch], nn.Module]
    labels: float | None = None
    stock: Callable[[], nn.Module] | None = None

    @property
    def digits(self) -> DataSet:
        """The data set."""
        return digits(self.labels)


@cache
def digits(labels: float | None) -> DataSet:
    """5000 handwritten digits."""
    return data.mnist5k(labels=labels)


def first_batch(rows: DataSet, size: int) -> Batch:
    """The first training batch."""
    return next(Batches(rows.train, size, shuffle=True).epoch(0))


def vsc(batch: Batch, **options) -> nn.Module:
    """Sparse coding, with room for the largest class."""
    return HandVSC(SHAPE, 60, room=room_for(cast(Tensor, batch.y)), **options)


ENTRIES = {
    "vae": Entry(zoo.vae, lambda _: HandVAE(SHAPE, 50), stock=lambda: stock(SHAPE, 50)),
    "beta_vae": Entry(zoo.beta_vae, lambda _: HandVAE(SHAPE, 50, beta=4.0)),
    "vsc": Entry(zoo.vsc, lambda _: HandVSC(SHAPE, 60)),
    "vsc, consistency 3": Entry(partial(zoo.vsc, consistency=3.0), partial(vsc, weight=3.0)),
    "vsc, pseudo-inputs": Entry(
        partial(zoo.vsc, prior="pseudo-inputs"),
        lambda _: HandPseudoInputVSC(SHAPE, 60),
    ),
    "vsc, pseudo-inputs, variational": Entry(
        partial(zoo.vsc, prior="pseudo-inputs", selector="variational"),
        lambda _: HandPseudoInputVSC(SHAPE, 60, charged=True),
    ),
    "class_vsc": Entry(zoo.class_vsc, lambda _: HandClassVSC(SHAPE, 60), labels=0.1),
    "class_vsc, separation 1": Entry(
        partial(zoo.class_vsc, separation=1.0),
        lambda _: HandClassVSC(SHAPE, 60, separation=1.0),
        labels=0.1,
    ),
    "vae, conv": Entry(
        partial(zoo.vae, network="conv"),
        lambda _: HandVAE(SHAPE, 50, kind="conv"),
        stock=lambda: stock(SHAPE, 50, kind="conv"),
    ),
    "vsc, conv": Entry(partial(zoo.vsc, network="conv"), lambda _: HandVSC(SHAPE, 60, kind="conv")),
}
"""Name -> entry."""
