"""SVHN: house numbers, cropped to their central digit: 73 257 training and 26 032 test images of 32 x 32 pixels."""

import struct
import zlib
from os import PathLike
from pathlib import Path

import numpy as np
import torch

from .archive import CACHE, damaged, locate
from .batch import Batch
from .dataset import DataSet
from .recipe import recorded
from .splits import held_out

__all__ = ["svhn"]

FILES = ("train_32x32.mat", "test_32x32.mat")


@recorded
def svhn(
    root: str | PathLike[str] = CACHE,
    labels: int | float | None = None,
    seed: int = 0,
    rows: int | None = None,
    validation: int = 7_000,
) -> DataSet:
    """Street View House Numbers, ``x`` bytes ``[N, 3, 32, 32]``; the file's label 10 becomes the digit 0 that it means.

    The two ``.mat`` files are looked for in ``root/SVHN``, then in ``root`` itself, then downloaded to the former by
    torchvision. The validation split is the last training images, whatever the seed.

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
        Netzer et al., "Reading Digits in Natural Images with Unsupervised Feature Learning", NIPS workshop 2011.

    Example:
        >>> svhn("~/images", labels=1000)  # doctest: +SKIP
        DataSet(svhn: rows of (3, 32, 32); train 66257, validation 7000, test 26032; 10 classes; read from ...)
    """
    from torchvision.datasets import SVHN

    home = Path(root).expanduser()
    paths, source = locate(
        FILES,
        [home / "SVHN", home],
        download=lambda: [SVHN(home / "SVHN", split=split, download=True) for split in ("train", "test")],
        servers=[SVHN.split_list["train"][0]],
    )
    train, test = map(_read, paths)
    digits = tuple("0123456789")
    return held_out("svhn", train, test, digits, source, labels=labels, seed=seed, train=rows, validation=validation)


def _read(path: Path) -> Batch:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    unreadable = (MatReadError, OSError, EOFError, LookupError, TypeError, ValueError, zlib.error, struct.error)
    try:
        content = loadmat(path, variable_names=["X", "y"])
        x = np.ascontiguousarray(content["X"].transpose(3, 2, 0, 1), dtype=np.uint8)
        y = content["y"].astype(np.int64).ravel() % 10
        if x.shape[1:] != (3, 32, 32) or len(x) != len(y):
            raise ValueError(f"X has shape {content['X'].shape} and y {content['y'].shape}")
    except (*unreadable, NotImplementedError) as error:
        raise damaged(path, f"{type(error).__name__}: {error}") from error
    return Batch(torch.from_numpy(x), torch.from_numpy(y))
