"""CelebA: 202 599 photographs of faces with binary attributes, read from disk as they are asked for."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from .archive import CACHE, damaged, locate
from .batch import Batch
from .celebrity_attributes import CHARACTERISTICS, check_attributes
from .dataset import DataSet
from .labels import label_mask
from .recipe import recorded
from .splits import capped

__all__ = ["CelebrityFaces", "celeba"]

IMAGES, TABLE, PARTITION = "img_align_celeba", "list_attr_celeba.txt", "list_eval_partition.txt"
SIDE = 64


class CelebrityFaces(Dataset):
    """Faces as a map-style data set: row ``i`` is read, cropped and resized when it is asked for.

    Args:
        folder: of the image files.
        names: their names, N of them.
        y: attributes ``[N, L]`` in {0, 1}.
        labelled: boolean ``[N]``, or None for all.

    Raises:
        ValueError: on access, naming the file, if an image is damaged.

    Example:
        >>> faces = CelebrityFaces(Path("~/images/celeba/img_align_celeba"), ["000001.jpg"], torch.ones(1, 18))
        >>> len(faces)
        1
    """

    def __init__(self, folder: Path, names: Sequence[str], y: Tensor, labelled: Tensor | None = None):
        self.folder, self.names, self.y, self.labelled = folder, names, y, labelled

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Batch:
        x = _read_face(self.folder / self.names[index])
        return Batch(x, self.y[index], None if self.labelled is None else self.labelled[index])


@recorded
def celeba(
    root: str | PathLike[str] = CACHE,
    labels: int | float | None = None,
    seed: int = 0,
    rows: int | None = None,
    in_memory: bool = False,
    attributes: Sequence[str] = CHARACTERISTICS,
) -> DataSet:
    """CelebA, ``x`` bytes ``[N, 3, 64, 64]``, ``y`` binary attributes ``[N, L]`` in {0, 1}.

    The attributes are `CHARACTERISTICS`, the eighteen of the CCVAE paper, unless others of the forty are named; so a
    YAML file gets the eighteen by leaving ``attributes`` out, and two by ``attributes: [Smiling, Male]``.

    ``img_align_celeba/``, ``list_attr_celeba.txt`` and ``list_eval_partition.txt`` are looked for in ``root/celeba``
    (where torchvision keeps them), then in ``root`` itself, then downloaded to the former by torchvision (which needs
    the package gdown). The attribute file writes -1 and 1, and -1 becomes 0; one that writes 0 and 1 is read alike, and
    one that writes all three, or anything else, is refused. The splits are the official ones. An image is cropped to
    its central square and resized to 64 x 64 with bilinear interpolation.

    Args:
        root: a folder; ``~`` is the home folder.
        labels: how many training rows keep their attributes: a count, a fraction, or None for all; see `label_mask`.
        seed: of the labels.
        rows: a cap on the training rows, the first of them; None for all 162 770.
        in_memory: read all images now and keep them as bytes, 2.5 GB and some minutes for the whole set; otherwise
            the splits are `CelebrityFaces`, which `Batches` reads through a DataLoader.
        attributes: L of the forty names of CelebA, in the order wanted.

    Raises:
        FileNotFoundError: if the files are not there and cannot be downloaded, or images of the table are missing.
        ValueError: if CelebA has no such attribute; a file is damaged, or an attribute's value is not as above; an
            attribute is the same on all labelled rows; ``rows`` is out of range; or the labels cannot be served.

    References:
        Liu, Luo, Wang, Tang, "Deep Learning Face Attributes in the Wild", ICCV 2015. The attributes: Joy et al.,
        "Capturing Label Characteristics in VAEs", ICLR 2021, arXiv 2006.10102.

    Example:
        >>> celeba("~/images", labels=0.2)  # doctest: +SKIP
        DataSet(celeba: rows of (3, 64, 64); train 162770, validation 19867, test 19962; 18 classes; read from ...)
    """
    from torchvision.datasets import CelebA

    wanted = check_attributes(attributes)
    home = Path(root).expanduser()
    (images, table, partition), source = locate(
        [IMAGES, TABLE, PARTITION],
        [home / CelebA.base_folder, home],
        download=lambda: CelebA(home, download=True),
        servers=["https://drive.google.com"],
    )
    names, y, absent = _read_table(table, wanted)
    part = _read_partition(partition, names)
    members = [np.flatnonzero(part == split) for split in range(3)]
    members[0] = members[0][: capped(rows, len(members[0]))]
    _check_images(images, [names[i] for i in np.concatenate(members)])
    train, validation, test = (
        CelebrityFaces(images, [names[i] for i in member], y[torch.from_numpy(member)]) for member in members
    )
    if labels is not None:
        train.labelled = label_mask(train.y, labels, seed, wanted)
    splits = [_whole(split) for split in (train, validation, test)] if in_memory else [train, validation, test]
    return DataSet("celeba", *splits, classes=wanted, source=f"{source}; attributes {absent} and 1 read as 0 and 1")


def _read_table(path: Path, attributes: Sequence[str]) -> tuple[list[str], Tensor, str]:
    try:
        lines = path.read_text().splitlines()
        count, header = int(lines[0]), lines[1].split()
        columns = [1 + header.index(name) for name in attributes]
    except (ValueError, IndexError) as error:
        raise damaged(path, f"line 1 is not a count, or line 2 lacks one of {', '.join(attributes)}") from error
    rows = [line.split() for line in lines[2:]]
    if len(rows) != count:
        raise damaged(path, f"line 1 promises {count} rows and {len(rows)} follow")
    short = next((i for i, row in enumerate(rows) if len(row) != len(header) + 1), None)
    if short is not None:
        raise damaged(path, f"line {short + 3} has {len(rows[short]) - 1} attributes of {len(header)}")
    words = np.array([[row[column] for column in columns] for row in rows], dtype=str).reshape(count, len(columns))
    absent = "-1" if (words == "-1").any() else "0"  # beside -1, a 0 would be neither
    strange = (words != absent) & ~np.isin(words, ["1", "+1"])
    if strange.any():
        row, column = np.argwhere(strange)[0]
        found = f"line {row + 3} ({rows[row][0]}) has {words[row, column]!s} as {attributes[column]}"
        raise damaged(path, f"{found}, where {absent} or 1 is expected")
    return [row[0] for row in rows], torch.from_numpy(words != absent).long(), absent


def _read_partition(path: Path, names: list[str]) -> np.ndarray:
    part = dict(line.split()[:2] for line in path.read_text().splitlines() if len(line.split()) >= 2)
    missing = [name for name in names if part.get(name) not in ("0", "1", "2")]
    if missing:
        raise damaged(path, f"{len(missing)} images of {TABLE} have no split 0, 1 or 2, the first {missing[0]}")
    return np.array([int(part[name]) for name in names])


def _check_images(folder: Path, names: list[str]) -> None:
    present = {path.name for path in folder.iterdir()}
    missing = [name for name in names if name not in present]
    if missing:
        raise FileNotFoundError(
            f"{folder}: {len(missing)} of {len(names)} images are missing, the first {missing[0]}.\nTry one of:\n"
            "- unpack img_align_celeba.zip there again\n- rows= a smaller number, if only training images are missing"
        )


def _whole(split: CelebrityFaces) -> Batch:
    x = torch.empty(len(split), 3, SIDE, SIDE, dtype=torch.uint8)
    for i, name in enumerate(split.names):
        x[i] = _read_face(split.folder / name)
    return Batch(x, split.y, split.labelled)


def _read_face(path: Path) -> Tensor:
    from PIL import Image

    try:
        with Image.open(path) as image:
            side = min(image.size)
            left, top = ((length - side) // 2 for length in image.size)
            square = image.convert("RGB").crop((left, top, left + side, top + side))
            face = square.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    except (OSError, SyntaxError) as error:  # Pillow calls some damaged headers a SyntaxError
        raise damaged(path, error) from error
    return torch.from_numpy(np.array(face)).permute(2, 0, 1).contiguous()
