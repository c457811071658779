"""Labels that the model draws through blocks of the code: what each block tells, draws and leaves alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ...diagnostics import Selectivity, intervention_selectivity, swap, variance_map
from ...distributions import elements
from .block_prior import BlockPrior
from .classified import probabilities
from .label_reader import LabelReader
from .partition import Partition
from .reading import Reading, Space
from .told import of_label

__all__ = ["Characteristic", "Characteristics", "read_characteristics"]

DRAWN, SWAPPED = 32, 200  # rows, and draws of a block for each; rows whose blocks are exchanged


@dataclass(frozen=True)
class Characteristic:
    """A label and its block.

    Attributes:
        label: its name.
        dimensions: of the block, by name.
        information: I(x; c_j) in nats, summed over the block.
        error: its standard error.
        of_label: I(y; c_j) of the dimension of the block that tells most of the label, nats; None without labels.
        entropy: H(y) of the label, nats.
        diversity: variance of the pixels when the block is drawn anew given the label, summed over them, mean over
            rows; NaN if no row has the class.
        diversity_error: standard error over the rows.
        share: of what a swapped block changes in the labels that the guide reads, the part that is this label's own;
            None where labels are classes, or one never changes.
        share_error: its standard error.
    """

    label: str
    dimensions: tuple[str, ...]
    information: float
    error: float
    of_label: float | None
    entropy: float | None
    diversity: float
    diversity_error: float
    share: float | None
    share_error: float | None


@dataclass(frozen=True)
class Characteristics:
    """All of a run's.

    Attributes:
        blocks: label -> its dimensions of the code.
        prior: of the blocks.
        reader: of labels off images, by the guide.
        y: ``[N]`` classes or ``[N, L]`` attributes of the test rows; where they are not known, as guessed.
        rows: a line for each label.
    """

    blocks: dict[str, list[int]]
    prior: BlockPrior
    reader: LabelReader
    y: Tensor
    rows: tuple[Characteristic, ...] = ()

    @property
    def attributes(self) -> bool:
        """Whether the labels are attributes, and not classes."""
        return self.y.ndim == 2

    @property
    def told(self) -> bool:
        """Whether it is known what a block tells of its label."""
        return any(row.of_label is not None for row in self.rows)

    @property
    def shares(self) -> bool:
        """Whether it is known how much of a block's change is its label's own."""
        return any(row.share is not None for row in self.rows)

    @property
    def chance(self) -> float:
        """The own share of a block that changes all labels alike."""
        return 1 / len(self.blocks)


def read_characteristics(reading: Reading) -> Characteristics | None:
    """Measure the blocks on test rows, the same draws each time; None for a run without them.

    Args:
        reading: of the run.
    """
    space = reading.space
    site = None if space is None else site_of(reading, len(space.blocks))
    if space is None or site is None:
        return None
    reader = LabelReader(reading.run, site)
    y = reader.completed(reading.batch, reading.posterior[site])
    found = Characteristics(space.blocks, BlockPrior(reading.run), reader, y)
    with torch.random.fork_rng([]), torch.no_grad():
        torch.manual_seed(0)
        selectivity = exchanged(reading, space, found)
        rows = [line(reading, space, found, label, place, selectivity) for place, label in enumerate(space.blocks)]
    return replace(found, rows=tuple(rows))


def site_of(reading: Reading, labels: int) -> str | None:
    """The site of the labels: so many attributes, or classes; None if there is none, or no label."""
    for site in reading.label_sites:
        q = reading.posterior[site]
        if labels and elements(q).has_enumerate_support and labels in probabilities(q).shape[1:2]:
            return site
    return None


def line(
    reading: Reading, space: Space, found: Characteristics, label: str, place: int, selectivity: Selectivity | None
) -> Characteristic:
    """The line of one label."""
    block, told = space.blocks[label], space.told.image
    part = own_partition(reading.parts, label, place)
    of = None if part is None else of_label(space.code, part)
    # of a class the rows that belong to it: on the others its block has nothing to draw
    where = torch.arange(len(found.y)) if found.attributes else (found.y == place).nonzero()[:, 0]
    where = where[:DRAWN]
    drawn = None
    if len(where):
        draws = found.prior.draws(found.y[where], block, DRAWN)
        drawn = variance_map(reading.run.decode, space.code.z[where], block, draws)
    return Characteristic(
        label=label,
        dimensions=tuple(space.code.name(j) for j in block),
        information=float(told.value[block].sum()),
        error=float(np.sqrt((told.standard_error[block] ** 2).sum())),
        of_label=None if of is None else float(of.value[block].max()),
        entropy=None if of is None else of.entropy,
        diversity=float("nan") if drawn is None else drawn.diversity,
        diversity_error=float("nan") if drawn is None else drawn.standard_error,
        share=None if selectivity is None else float(selectivity.share[place]),
        share_error=None if selectivity is None else float(selectivity.share_error[place]),
    )


def own_partition(parts: Sequence[Partition], label: str, place: int) -> Partition | None:
    """The rows with and without one label: an attribute, or a class against the others."""
    for part in parts:
        if part.name == label:
            return part
        if part.name == "class" and 0 < int((part.y[part.known] == place).sum()) < int(part.known.sum()):
            return Partition(label, (f"no {label}", label), (part.y == place).long(), part.known)
    return None


def exchanged(reading: Reading, space: Space, found: Characteristics) -> Selectivity | None:
    """What blocks taken from another row change in the attributes that the guide reads off the images."""
    z = space.code.z[:SWAPPED]
    before = reading.run.decode(z)
    if not found.attributes or len(found.blocks) < 2 or not (found.reader.read(before).std(0) > 0).all():
        return None
    partner = torch.randperm(len(z), generator=torch.Generator().manual_seed(0))
    after = (swap(reading.run.decode, z, block, partner) for block in found.blocks.values())
    return intervention_selectivity(lambda images: found.reader.read(torch.as_tensor(images)), before, after)
