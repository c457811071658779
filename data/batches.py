"""Batches of a split in an order that a resumed run repeats, from memory by indexing or from disk by a DataLoader."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from .batch import Batch
from .dataset import Split, rows_of
from .kept import rows_with_labels
from .streams import stream

__all__ = ["Batches"]


class Batches:
    """The batches of a split, epoch by epoch.

    The order of epoch ``e`` is a pure function of ``(seed, e)``: it neither reads nor moves torch's global generator,
    and is the same from memory and from disk, with any number of workers. A split in memory is moved to the device
    once, as bytes if it is stored so, and a batch is an indexing there. Pixels are served as float32, bytes divided
    by 255.

    With ``shard=(rank, world)`` each of ``world`` processes gets every ``world``-th row of the one order, so that
    step ``k`` of all processes together covers the rows of step ``k`` of a single process with a ``world`` times
    larger batch. Shards are of equal size: up to ``world - 1`` last rows of the order go unserved in an epoch.

    With ``labelled`` given, so many first rows of every batch are rows with a label. They are taken in turn, round and
    round through all epochs and in a new order each round, so that each of them is served as often as any other, give
    or take one. The other rows of a batch are those of the epoch's order, labelled ones among them: an epoch still goes
    through all rows, now in ``rows // (batch_size - labelled)`` batches. Labelled rows then count more often than their
    share of the data, which changes what the mean over a batch estimates.

    Args:
        split: a `Batch` of all rows, or a map-style Dataset of single rows.
        batch_size: rows a batch, for each process.
        shuffle: a new order each epoch; otherwise the order of the split.
        drop_last: leave out the last, smaller batch.
        seed: of the order, 0 or more.
        device: where the batches are served.
        workers: processes that read rows of a Dataset ahead; a split in memory has no use for them.
        shard: the rank of this process and how many there are.
        labelled: rows with a label that every batch begins with, for each process; fewer than ``batch_size``. None
            leaves it to chance.

    Raises:
        ValueError: if ``batch_size`` is below 1, or with ``drop_last`` larger than the rows; if the shard is no rank
            of the world or would be empty; if ``labelled`` is out of its range, or no row is known to have a label.

    Example:
        >>> batches = Batches(Batch(torch.arange(10.0)[:, None]), batch_size=4, shuffle=True, drop_last=True)
        >>> [batch.rows for batch in batches.epoch(0)]
        [4, 4]
    """

    def __init__(
        self,
        split: Split,
        batch_size: int,
        shuffle: bool = False,
        drop_last: bool = False,
        seed: int = 0,
        device: torch.device | str = "cpu",
        workers: int = 0,
        shard: tuple[int, int] = (0, 1),
        labelled: int | None = None,
    ):
        self.batch_size, self.shuffle, self.drop_last, self.seed = batch_size, shuffle, drop_last, seed
        self.device, self.workers, self.shard = torch.device(device), workers, shard
        self.total, self.labelled = rows_of(split), labelled or 0
        self._check()
        self.known = torch.arange(0) if labelled is None else _known(split, labelled, batch_size)
        self.split = split.to(self.device) if isinstance(split, Batch) else split

    def __len__(self) -> int:
        """The number of batches an epoch."""
        size = self.batch_size - self.labelled
        return self.rows // size if self.drop_last else -(-self.rows // size)

    @property
    def rows(self) -> int:
        """The number of rows that this process goes through in an epoch, those of a dropped last batch included."""
        return self.total // self.shard[1]

    def order(self, epoch: int) -> Tensor:
        """The rows of this process in the order of an epoch: integers ``[rows]`` on the CPU.

        Args:
            epoch: 0 or more.
        """
        rank, world = self.shard
        return self._shuffled(torch.arange(self.total), "order", epoch)[: self.rows * world][rank::world]

    def labelled_order(self, epoch: int) -> Tensor:
        """The rows that stand first in the batches of an epoch, for their label: ``[len(self), labelled]``.

        Args:
            epoch: 0 or more.
        """
        rank, world = self.shard
        if not self.labelled:
            return self.known.new_zeros(len(self), 0)
        wanted = len(self) * self.labelled * world
        first, taken = divmod(epoch * wanted, len(self.known))
        rounds = range(first, first + math.ceil((taken + wanted) / len(self.known)))
        rows = torch.cat([self._shuffled(self.known, "labelled", number) for number in rounds])
        return rows[taken : taken + wanted][rank::world].reshape(len(self), self.labelled)

    def epoch(self, epoch: int, start: int = 0, every: int = 1) -> Iterator[Batch]:
        """The batches of an epoch.

        Args:
            epoch: 0 or more.
            start: how many batches to skip: those that a stopped run has already taken.
            every: serve one batch of so many, as a process does that shares whole batches with others.

        Raises:
            ValueError: if ``start`` is not from 0 to ``len(self)``.
        """
        if not 0 <= start <= len(self):
            raise ValueError(
                f"start: expected a batch from 0 to {len(self)}; {start} was given.\nTry one of:\n"
                "- start=0 for the whole epoch\n- the batch size of the run that is resumed"
            )
        others = self.order(epoch).split(self.batch_size - self.labelled)[: len(self)]
        parts = [torch.cat(pair) for pair in zip(self.labelled_order(epoch), others, strict=True)][start::every]
        return self._from_memory(parts) if isinstance(self.split, Batch) else self._from_disk(parts, epoch)

    def _shuffled(self, rows: Tensor, *purpose: int | str) -> Tensor:
        return rows[torch.randperm(len(rows), generator=stream(self.seed, *purpose))] if self.shuffle else rows

    def _from_memory(self, parts: list[Tensor]) -> Iterator[Batch]:
        assert isinstance(self.split, Batch)
        for part in parts:
            yield _floats(self.split.take(part.to(self.device)))

    def _from_disk(self, parts: list[Tensor], epoch: int) -> Iterator[Batch]:
        assert not isinstance(self.split, Batch)
        loader = DataLoader(
            self.split,
            batch_sampler=[part.tolist() for part in parts],
            num_workers=self.workers,
            collate_fn=Batch.stack,
            pin_memory=self.device.type == "cuda",
            generator=stream(self.seed, "workers", epoch),  # without one of its own it draws from the global generator
        )
        for batch in loader:
            yield _floats(batch.to(self.device, non_blocking=True))

    def _check(self) -> None:
        rank, world = self.shard
        if not 0 <= rank < world or self.total < world:
            raise ValueError(
                f"shard: expected a rank from 0 to world - 1 and a row for each process; rank {rank} of {world} with "
                f"{self.total} rows was given.\nTry one of:\n- shard=(0, 1) for a single process"
            )
        largest = self.rows + self.labelled
        if self.batch_size < 1 or (self.drop_last and self.batch_size > largest):
            share = f" for this of {world} processes" if world > 1 else ""
            raise ValueError(
                f"batch_size: expected 1 to {largest}, the rows there are{share}; {self.batch_size} was given.\n"
                f"Try one of:\n- batch_size={largest} or fewer\n- drop_last=False for one smaller batch"
            )


def _known(split: Split, labelled: int, batch_size: int) -> Tensor:
    if not 1 <= labelled < batch_size:
        raise ValueError(
            f"labelled rows: expected 1 at least and fewer than the batch_size of {batch_size}, which has others too; "
            f"{labelled} was given.\nTry one of:\n- a quarter of the batch: {max(1, batch_size // 4)} of them\n"
            "- None, to leave it to chance"
        )
    known = rows_with_labels(split)
    if known is None or len(known) == 0:
        none = "no row has one" if known is not None else "it keeps no list of them (attributes y and labelled)"
        raise ValueError(
            f"labelled rows: {labelled} of every batch are to have a label, and of this data set {none}.\nTry one of:\n"
            "- labels=100 where the data set is loaded\n- None, to leave it to chance"
        )
    return known


def _floats(batch: Batch) -> Batch:
    x = batch.x.float()
    return batch._replace(x=x / 255 if batch.x.dtype == torch.uint8 else x)
