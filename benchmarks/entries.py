"""Every pair of the zoo that is timed, with its twin."""

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from benchmarks.twins import (
    HandCCVAE,
    HandClassVSC,
    HandDIVA,
    HandM2,
    HandMixture,
    HandMVAE,
    HandPseudoInputVSC,
    HandSHOT,
    HandVAE,
    HandVSC,
    room_for,
    stock,
)
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
        source: of the data set.
    """

    pair: Callable[[DataSet], Pair]
    twin: Callable[[Batch], nn.Module]
    labels: float | None = None
    stock: Callable[[], nn.Module] | None = None
    source: Callable[..., DataSet] = data.mnist5k

    @property
    def digits(self) -> DataSet:
        """The data set."""
        return digits(self.source, self.labels)


@cache
def digits(source: Callable[..., DataSet], labels: float | None) -> DataSet:
    """5000 handwritten digits, their labels classes or attributes."""
    return source(labels=labels)


def first_batch(rows: DataSet, size: int) -> Batch:
    """The first training batch."""
    return next(Batches(rows.train, size, shuffle=True).epoch(0))


def vsc(batch: Batch, **options) -> nn.Module:
    """Sparse coding, with room for the largest class."""
    return HandVSC(SHAPE, 60, room=room_for(cast(Tensor, batch.y)), **options)


def characteristic(hand: type[HandCCVAE], labels: int = 10) -> Callable[[Batch], nn.Module]:
    """Characteristic latents of ten classes, or of fewer attributes."""
    classes = labels == 10
    frequency = torch.full((labels,), 0.1 if classes else 0.5)
    return lambda _: hand(SHAPE, labels, classes=classes, frequency=frequency)


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
    "ccvae": Entry(zoo.ccvae, characteristic(HandCCVAE), labels=0.1),
    "ccvae, 5 attributes": Entry(
        partial(zoo.ccvae, gradients="exact"), characteristic(HandCCVAE, 5), labels=0.1, source=data.measured
    ),
    "diva": Entry(zoo.diva, characteristic(HandDIVA), labels=0.1),
    "m2": Entry(zoo.m2, lambda _: HandM2(SHAPE, 50), labels=0.1),
    "mvae": Entry(zoo.mvae, lambda _: HandMVAE(SHAPE, 50), labels=0.1),
    "exon": Entry(zoo.exon, lambda _: HandMixture(SHAPE), labels=0.25),
    "exon, enumerated": Entry(
        partial(zoo.exon, draw="enumerated"), lambda _: HandMixture(SHAPE, enumerated=True), labels=0.25
    ),
    "exon, interpolated": Entry(
        partial(zoo.exon, interpolation=1000.0, taught=1.0),
        lambda _: HandMixture(SHAPE, interpolation=1000.0),
        labels=0.25,
    ),
    "exon, interpolated, enumerated": Entry(
        partial(zoo.exon, interpolation=1000.0, taught=1.0, draw="enumerated"),
        lambda _: HandMixture(SHAPE, interpolation=1000.0, enumerated=True),
        labels=0.25,
    ),
    "shot_vae": Entry(partial(zoo.shot_vae, taught=1.0), lambda _: HandSHOT(SHAPE, 50), labels=0.25),
    "vae, conv": Entry(
        partial(zoo.vae, network="conv"),
        lambda _: HandVAE(SHAPE, 50, kind="conv"),
        stock=lambda: stock(SHAPE, 50, kind="conv"),
    ),
    "vsc, conv": Entry(partial(zoo.vsc, network="conv"), lambda _: HandVSC(SHAPE, 60, kind="conv")),
}
"""Name -> entry."""
