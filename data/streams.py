"""Random streams of one's own: each purpose draws from a generator that no other draw can move."""

import zlib

import numpy as np
import torch

__all__ = ["stream"]


def stream(seed: int, *purpose: int | str) -> torch.Generator:
    """A CPU generator that is a pure function of a seed and a purpose, untouched by torch's global one.

    Args:
        seed: an integer, 0 or more.
        purpose: integers (0 or more) and words that keep streams of one seed apart, such as ``"order", epoch``.

    Returns:
        A fresh generator at its beginning.

    Raises:
        ValueError: if the seed is not an integer of 0 or more.

    Example:
        >>> torch.rand(2, generator=stream(0, "order", 3)).equal(torch.rand(2, generator=stream(0, "order", 3)))
        True
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(
            f"seed: expected an integer of 0 or more; {seed!r} was given.\n"
            "Try one of:\n- seed=0, 1, 2, ... for repeated runs"
        )
    keys = [zlib.crc32(key.encode()) if isinstance(key, str) else key for key in purpose]
    # Adding seed and epoch would give run 1, epoch 0 the order of run 0, epoch 1; a seed sequence hashes them apart.
    state = np.random.SeedSequence([seed, *keys]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state) & (2**63 - 1))
