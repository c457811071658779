"""MNIST and Fashion-MNIST, whole: 60 000 training and 10 000 test images of 28 x 28 grey pixels."""

from os import PathLike
from pathlib import Path

from .archive import CACHE, damaged, locate
from .batch import Batch
from .dataset import DataSet
from .idx import read_idx
from .recipe import recorded
from .splits import held_out

__all__ = ["fashion_mnist", "mnist"]

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
NUMERALS = tuple("0123456789")
GARMENTS = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
DEBIAN = Path("/usr/share/datasets/fashion-mnist")


@recorded
def mnist(
    root: str | PathLike[str] = CACHE,
    labels: int | float | None = None,
    seed: int = 0,
    rows: int | None = None,
    validation: int = 10_000,
) -> DataSet:
    """MNIST, ``x`` bytes ``[N, 1, 28, 28]``.

    The four idx files, gzipped or not, are looked for in ``root/MNIST/raw`` (where torchvision keeps them), then in
    ``root`` itself, then downloaded to the former by torchvision. The validation split is the last training images,
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
        LeCun, Cortes, Burges, The MNIST database of handwritten digits.

    Example:
        >>> mnist("~/images", labels=100)  # doctest: +SKIP
        DataSet(mnist: rows of (1, 28, 28); train 50000, validation 10000, test 10000; 10 classes; ...)
    """
    folder = Path(root).expanduser()
    return _load("mnist", "MNIST", folder, [folder], NUMERALS, labels, seed, rows, validation)


@recorded
def fashion_mnist(
    root: str | PathLike[str] = CACHE,
    labels: int | float | None = None,
    seed: int = 0,
    rows: int | None = None,
    validation: int = 10_000,
) -> DataSet:
    """Fashion-MNIST, ``x`` bytes ``[N, 1, 28, 28]``.

    The four idx files, gzipped or not, are looked for in ``root/FashionMNIST/raw`` (where torchvision keeps them), in
    ``root`` itself, and in ``/usr/share/datasets/fashion-mnist`` (Debian's package ``dataset-fashion-mnist``), then
    downloaded to the first by torchvision. The validation split is the last training images, whatever the seed.

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
        Xiao, Rasul, Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms",
        arXiv 1708.07747.

    Example:
        >>> fashion_mnist(labels=100)  # doctest: +SKIP
        DataSet(fashion_mnist: rows of (1, 28, 28); train 50000, validation 10000, test 10000; 10 classes; ...)
    """
    folder = Path(root).expanduser()
    return _load("fashion_mnist", "FashionMNIST", folder, [folder, DEBIAN], GARMENTS, labels, seed, rows, validation)


def _load(
    name: str,
    torchvision_name: str,
    root: Path,
    folders: list[Path],
    classes: tuple[str, ...],
    labels: int | float | None,
    seed: int,
    rows: int | None,
    validation: int,
) -> DataSet:
    from torchvision import datasets

    downloader = getattr(datasets, torchvision_name)
    paths, source = locate(
        FILES,
        [root / torchvision_name / "raw", *folders],
        download=lambda: downloader(root, download=True),
        servers=downloader.mirrors,
        gzipped=True,
    )
    train, test = _pair(*paths[:2]), _pair(*paths[2:])
    return held_out(name, train, test, classes, source, labels=labels, seed=seed, train=rows, validation=validation)


def _pair(images: Path, labels: Path) -> Batch:
    x, y = read_idx(images, ndim=3), read_idx(labels, ndim=1)
    if len(x) != len(y):
        raise damaged(labels, f"it holds {len(y)} labels for the {len(x)} images of {images.name}")
    return Batch(x[:, None], y.long())
