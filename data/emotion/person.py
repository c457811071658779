"""One person's file, in either format: found, read, checked, and cut down to what is used of it."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .pickled import unpickle_arrays

__all__ = ["CHANNELS", "CLIPS", "PEOPLE", "RATE", "RATINGS", "Person", "find_people", "read_person"]

PEOPLE, CLIPS, CHANNELS, RATE = 32, 40, 32, 128
RATINGS = ("valence", "arousal", "dominance", "liking")
SHAPES = {"data": (CLIPS, 40, 63 * RATE), "labels": (CLIPS, len(RATINGS))}
FOLDERS = ("deap", "data_preprocessed_python", "data_preprocessed_matlab", "")
SITE = "https://www.eecs.qmul.ac.uk/mmv/datasets/deap"


@dataclass(frozen=True)
class Person:
    """What a person's brain did during 40 clips, and how the person liked them.

    Attributes:
        signal: ``[40, 32, 8064]`` float32, microvolts: clips, channels, and 63 s at 128 Hz of which 3 s come before
            the clip begins.
        ratings: ``[40, 4]``, from 1 to 9: valence, arousal, dominance, liking.
    """

    signal: Tensor
    ratings: Tensor


def find_people(root: Path, people: Sequence[int]) -> tuple[dict[int, Path], str]:
    """The files of people, ``s01.dat`` or ``s01.mat`` and so on, in the folders where the archives unpack to.

    Args:
        root: looked at with its subfolders ``deap``, ``data_preprocessed_python`` and ``data_preprocessed_matlab``.
        people: their numbers, from 1 to 32.

    Returns:
        number -> file, and the folder that holds them.

    Raises:
        FileNotFoundError: if no folder holds them all: it names the one that holds most, what is missing there, and
            where the agreement is that one signs for the files.

    Example:
        >>> find_people(Path("/nowhere"), [1])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        FileNotFoundError: root: s01.dat (or s01.mat) not found in /nowhere/deap...
    """
    folders = [root / folder for folder in FOLDERS]
    found = {folder: _files(folder, people) for folder in folders}
    best = max(folders, key=lambda folder: len(found[folder]))
    missing = [f"s{number:02d}" for number in people if number not in found[best]]
    if missing:
        wanted = ", ".join(f"{stem}.dat" for stem in missing)
        raise FileNotFoundError(
            f"root: {wanted} (or {missing[0]}.mat) not found in {best}, nor all in "
            f"{', '.join(str(folder) for folder in folders if folder != best)}; DEAP cannot be downloaded by a program."
            f"\nTry one of:\n- sign the agreement of Queen Mary University of London, {SITE}, then unpack "
            f"data_preprocessed_python.zip (.dat) or data_preprocessed_matlab.zip (.mat) into {root}\n"
            "- root= the folder that holds the files\n- people= the numbers of the people whose files you have"
        )
    return found[best], f"read from {best}"


def read_person(path: Path) -> Person:
    """The brain waves and ratings in a file.

    A ``.dat`` file is a pickle and is read as `unpickle_arrays` does, which runs nothing of it.

    Args:
        path: of the shape of DEAP's preprocessed files: data 40 x 40 x 8064, labels 40 x 4.

    Raises:
        ValueError: naming the file, if it is damaged, of another shape, holds NaN, or a rating outside 1 to 9.

    Example:
        >>> read_person(Path("~/deap/s01.dat").expanduser()).ratings.shape  # doctest: +SKIP
        torch.Size([40, 4])
    """
    arrays = unpickle_arrays(path) if path.suffix == ".dat" else _load_matlab(path)
    for name, shape in SHAPES.items():
        if name not in arrays:
            others = ", ".join(repr(key[:30]) for key in list(arrays)[:5]) or "nothing"
            raise _unusable(path, f"it has no {name!r}, but {others}")
        if arrays[name].shape != shape:
            raise _unusable(path, f"{name!r} has shape {list(arrays[name].shape)}, where DEAP has {list(shape)}")
    signal = torch.from_numpy(arrays["data"][:, :CHANNELS].astype(np.float32))
    ratings = torch.from_numpy(arrays["labels"].astype(np.float32))
    if not signal.sum(dtype=torch.float64).isfinite():  # sees every NaN and infinity of float32, and never overflows
        raise _unusable(path, "its signal holds NaN or infinity")
    outside = ~((ratings >= 1) & (ratings <= 9))  # NaN is outside too
    if outside.any():
        raise _unusable(path, f"ratings go from 1 to 9; it holds {float(ratings[outside][0]):g}")
    return Person(signal, ratings)


def _files(folder: Path, people: Sequence[int]) -> dict[int, Path]:
    paths = {number: [folder / f"s{number:02d}{suffix}" for suffix in (".mat", ".dat")] for number in people}
    return {number: path for number, both in paths.items() for path in both if path.exists()}


def _load_matlab(path: Path) -> dict[str, np.ndarray]:
    from scipy.io import loadmat, whosmat

    # Headers first: a file may claim any size, and cells could hold anything.
    with _reading(path):
        claims = {name: (tuple(shape), kind) for name, shape, kind in whosmat(path) if name in SHAPES}
    for name, (shape, kind) in claims.items():
        if kind not in ("double", "single") or shape != SHAPES[name]:
            raise _unusable(path, f"{name!r} is {kind} {list(shape)}, where DEAP has double {list(SHAPES[name])}")
    with _reading(path):
        content = loadmat(path, variable_names=list(claims))
        return {name: content[name] for name in claims}


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    from scipy.io.matlab import MatReadError

    unreadable = (MatReadError, OSError, EOFError, LookupError, TypeError, ValueError, zlib.error, struct.error)
    try:
        yield
    except (*unreadable, NotImplementedError, MemoryError) as error:
        raise _unusable(path, f"it is no whole .mat file ({type(error).__name__})") from error


def _unusable(path: Path, reason: str) -> ValueError:
    return ValueError(
        f"{path}: {reason}.\nTry one of:\n- unpack the file again from data_preprocessed_python.zip or "
        "data_preprocessed_matlab.zip\n- people= without this person"
    )
