"""Files as DEAP's are, of their shape and both formats, with an effect of valence planted in them."""

# pyright: reportAttributeAccessIssue=false

import pickle
import struct
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

RATE, SECONDS = 128, 63
RATINGS = ("valence", "arousal", "dominance", "liking")
CHANNEL, HERTZ = 5, 10  # where high valence shows: a wave of the alpha band


class Python2Pickler(pickle._Pickler):
    """Writes what Python 2's cPickle wrote: strings as plain bytes, and numpy under its name of those days."""

    dispatch: ClassVar[dict[type, Any]] = dict(pickle._Pickler.dispatch)

    def save_string(self, text):
        raw = text.encode("latin-1") if isinstance(text, str) else text
        short = len(raw) < 256
        self.write(b"U" + bytes([len(raw)]) if short else b"T" + struct.pack("<i", len(raw)))
        self.write(raw)
        self.memoize(text)

    dispatch[str] = dispatch[bytes] = save_string

    def save_global(self, obj, name=None):
        module = obj.__module__.replace("numpy._core", "numpy.core")
        self.write(f"c{module}\n{obj.__qualname__}\n".encode())
        self.memoize(obj)

    dispatch[type] = dispatch[type(save_global)] = save_global


def write_python2(path: Path, content: object) -> Path:
    with path.open("wb") as file:
        Python2Pickler(file, protocol=2).dump(content)
    return path


def balanced_ratings(seed: int) -> np.ndarray:
    """40 x 4 ratings, half of each above 5, in random order."""
    rng = np.random.default_rng(seed)
    columns = [rng.permutation(np.r_[rng.uniform(1, 5, 20), rng.uniform(5.01, 9, 20)]) for _ in RATINGS]
    return np.stack(columns, 1)


def recording(
    ratings: np.ndarray, seed: int, amplitude: float = 3.0, channels: tuple[int, ...] = (CHANNEL,)
) -> np.ndarray:
    """40 x 40 x 8064 noise; after the baseline of clips of high valence, a wave in some channels."""
    rng = np.random.default_rng([seed, 1])
    data = rng.standard_normal((40, 40, SECONDS * RATE), dtype=np.float32)
    t = np.arange(60 * RATE) / RATE
    wave = (amplitude * np.sin(2 * np.pi * HERTZ * t)).astype(np.float32)
    for channel in channels:
        data[ratings[:, 0] > 5, channel, 3 * RATE :] += wave
    return data


def write_person(folder: Path, number: int, suffix: str = "dat", dtype: type = np.float32, **planted) -> dict:
    """One person's file; what it holds is returned."""
    from scipy.io import savemat

    ratings = balanced_ratings(number)
    content = {"data": recording(ratings, number, **planted).astype(dtype), "labels": ratings}
    path = folder / f"s{number:02d}.{suffix}"
    if suffix == "dat":
        write_python2(path, content)
    else:
        savemat(path, content)
    return content
