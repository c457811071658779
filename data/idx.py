"""The idx files of MNIST and its relatives: a big-endian header with the shape, then bytes."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import torch
from torch import Tensor

from .archive import damaged

__all__ = ["read_idx"]


def read_idx(path: Path, ndim: int) -> Tensor:
    """Reads an idx file of bytes, gzipped or not.

    Args:
        path: the file; gzipped if it ends in ``.gz``.
        ndim: how many dimensions it must have: 3 for images, 1 for labels.

    Returns:
        Bytes, in the shape that the header states.

    Raises:
        ValueError: naming the file, if it is cut short, too long, not gzip, or no idx file of that many dimensions.

    References:
        LeCun, Cortes, Burges, The MNIST database of handwritten digits, "File formats".

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "labels-idx1-ubyte"
        >>> _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
        >>> read_idx(path, ndim=1)
        tensor([7, 2, 1], dtype=torch.uint8)
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(path, f"it is cut short or not gzip ({error})") from error
    head = 4 + 4 * ndim
    if len(content) < head or content[:4] != bytes([0, 0, 8, ndim]):
        raise damaged(path, f"it does not begin as an idx file of bytes in {ndim} dimensions does")
    shape = struct.unpack(f">{ndim}I", content[4:head])
    if not 0 < math.prod(shape) == len(content) - head:
        raise damaged(
            path, f"its header promises {math.prod(shape)} bytes {list(shape)} and {len(content) - head} follow"
        )
    return torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=head).reshape(shape)
