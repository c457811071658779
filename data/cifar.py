"""CIFAR-10: 50 000 training and 10 000 test photographs of 32 x 32 colour pixels."""

import pickle
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .archive import CACHE, damaged, locate
from .batch import Batch
from .dataset import DataSet
from .recipe import recorded
from .splits import held_out

__all__ = ["cifar10"]

TRAIN, TEST = tuple(f"data_batch_{i}" for i in range(1, 6)), ("test_batch",)
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@recorded
def cifar10(
    root: str | PathLike[str] = CACHE,
    labels: int | float | None = None,
    seed: int = 0,
    rows: int | None = None,
    validation: int = 5_000,
) -> DataSet:
    """CIFAR-10, ``x`` bytes ``[N, 3, 32, 32]``.

    The six "python version" batch files are looked for in ``root/cifar-10-batches-py`` (where torchvision keeps them),
    then in ``root`` itself, then downloaded to the former by torchvision. They are pickles, and read by an unpickler
    that makes arrays and plain containers and nothing else. The validation split is the last training images,
    whatever the seed.

    Args:
        root: a folder; ``~`` is the home folder.
        labels: how many training labels to keep: a count, a fraction, or None for all; see `label_mask`.
        seed: of the labels.
        rows: a cap on the training rows, the first of them; None for all.
        validation: rows.

    Raises:
        FileNotFoundError: if the files are not there and cannot be downloaded.
        ValueError: if a file is damaged, the sizes leave no training row, or the labels cannot be served.

    References:
        Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.

    Example:
        >>> cifar10("~/images", labels=0.1)  # doctest: +SKIP
        DataSet(cifar10: rows of (3, 32, 32); train 45000, validation 5000, test 10000; 10 classes; read from ...)
    """
    from torchvision.datasets import CIFAR10

    home = Path(root).expanduser()
    paths, source = locate(
        [*TRAIN, *TEST],
        [home / CIFAR10.base_folder, home],
        download=lambda: CIFAR10(home, download=True),
        servers=[CIFAR10.url],
    )
    train, test = _read(paths[: len(TRAIN)]), _read(paths[len(TRAIN) :])
    return held_out(
        "cifar10", train, test, CLASSES, source, labels=labels, seed=seed, train=rows, validation=validation
    )


def _read(paths: list[Path]) -> Batch:
    parts = [_read_one(path) for path in paths]
    return Batch(torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts]))


def _read_one(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    try:
        with path.open("rb") as file:
            content = _ArraysOnly(file, encoding="latin1").load()
        x, y = np.asarray(content["data"], dtype=np.uint8), np.asarray(content["labels"], dtype=np.int64)
        return torch.tensor(x.reshape(len(y), 3, 32, 32)), torch.tensor(y)
    except (pickle.UnpicklingError, EOFError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise damaged(path, f"{type(error).__name__}: {error}") from error


class _ArraysOnly(pickle.Unpickler):
    """Unpickles arrays: a pickle may name any function to be called on loading, and these files come from anywhere."""

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
            ("_codecs", "encode"): _bytes_of,
        }
        found = known.get((module.removeprefix("numpy.core.").removeprefix("numpy._core."), name))
        if found is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which a CIFAR-10 batch does not need")
        return found


def _bytes_of(text: str, encoding: str) -> bytes:
    return text.encode(encoding)
