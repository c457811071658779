"""What a label's part of the code does to images: exchanged between rows, and drawn anew."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...data import DataSet, draw_faces, measure_shapes
from ...data.faces import FACTORS
from ...diagnostics import intervention_selectivity, mutual_information, swap, swap_cost, variance_map
from .handles import Handle
from .oracle import Oracle

__all__ = [
    "measure_block_swap",
    "measure_diversity",
    "measure_information",
    "measure_selectivity",
    "measure_style_swap",
    "shown_by",
]

ROWS, DRAWS = 50, 32  # of each label, whose block is drawn anew
MOVES = 0.02  # of the range of grey, by which a factor moves a pixel


def measure_style_swap(handle: Handle, oracle: Oracle, y: Tensor, partner: Tensor) -> dict[str, Any]:
    """What the oracle thinks less of a row's labels when its style is that of another row, in nats a row.

    Args:
        handle: of N rows.
        oracle: the judge.
        y: labels of these rows.
        partner: ``[N]``, rows.

    Returns:
        "total", its standard "error", and "label" ``[L]``, None for classes.
    """
    before, after = as_it_is(handle), swap(handle.decode, handle.z, handle.style, partner)
    cost = swap_cost(lambda images: oracle.log_prob(images, y), before, after)
    return {"total": cost.total, "error": cost.total_error, "label": cost.label if y.ndim == 2 else None}


def measure_block_swap(handle: Handle, oracle: Oracle, y: Tensor, partner: Tensor) -> dict[str, Any] | None:
    """What the oracle thinks less of the labels that a row should have when one block is that of another row.

    It should have that label from its partner, and all others as before.

    Returns:
        In nats a row: "label" ``[L]``, and of it "taken", the fall of the partner's label against the partner's own
        image, and "kept", that of the others; "total", the mean over labels, with its standard "error". None for
        classes.
    """
    if y.ndim != 2:
        return None
    before = oracle.log_prob(as_it_is(handle), y)
    fall = []
    for label, after in enumerate(swapped(handle, partner)):
        there, found = before.clone(), y.clone()
        there[:, label], found[:, label] = before[partner, label], y[partner, label]
        fall.append(there - oracle.log_prob(after, found))  # [N, L]
    changed = torch.stack(fall).double()  # [L, N, L]
    taken = changed.diagonal(dim1=0, dim2=2).mean(0)
    label, of_row = changed.sum(-1).mean(1), changed.sum(-1).mean(0)
    return {
        "total": of_row.mean(),
        "error": of_row.std() / len(of_row) ** 0.5,
        "label": label,
        "taken": taken,
        "kept": label - taken,
    }


def measure_selectivity(
    handle: Handle, oracle: Oracle, data: DataSet, x: Tensor, partner: Tensor
) -> dict[str, Any] | None:
    """Which measured quantities move when the block of one attribute is that of another row.

    Quantities of faces are read by the oracle, those of drawn shapes measured from the pixels. A change is in standard
    deviations of real test images.

    Args:
        handle: of N rows.
        oracle: the judge.
        data: their data set.
        x: ``[N, C, H, W]``, real images.
        partner: ``[N]``.

    Returns:
        Fields of :class:`~pellucid.diagnostics.Selectivity`, with the names of the "quantities" and the attribute that
        is their "own"; None where nothing can be read.
    """
    if not data.attributes:
        return None
    if oracle.factors:
        measure, names, own = oracle.read, oracle.quantities, oracle.own
    elif data.name.endswith("_shapes"):
        names, own = data.classes, list(range(len(data.classes)))

        def measure(images: Any) -> Tensor:
            return measure_shapes(images, names)
    else:
        return None
    scale = measure(x).double().std(0).clamp(min=1e-6)
    found = intervention_selectivity(measure, as_it_is(handle), swapped(handle, partner), own, scale)
    return {
        "change": found.change,
        "share": found.share,
        "chance": found.chance,
        "score": found.score,
        "score error": found.score_error,
        "quantities": names,
        "own": own,
    }


def measure_diversity(handle: Handle, data: DataSet, y: Tensor) -> dict[str, Any]:
    """How differently a label is drawn: the variance of the pixels when its dimensions are drawn anew.

    Args:
        handle: of N rows.
        data: their data set.
        y: their labels.

    Returns:
        "diversity" ``[L]``: the variance summed over the pixels, mean over rows that have the attribute, or are of the
        class (then all labels' dimensions are drawn); "diversity share" ``[L]``, the part of it in pixels that the
        attribute's true factors move, and "diversity chance", the part of the pixels that these are; both None where
        factors are not known.
    """
    known = shown_by(tuple(FACTORS)) if data.name == "smiley" else None
    every = [j for block in handle.blocks for j in block]
    total, share = [], []
    for label, own in enumerate(handle.blocks):
        block = own if y.ndim == 2 else every
        chosen = ((y[:, label] if y.ndim == 2 else y == label) > 0).nonzero().squeeze(1)[:ROWS]
        if len(chosen) == 0:
            total.append(np.nan)
            share.append(np.nan)
            continue
        drawn = handle.draw(DRAWS, y[chosen])[..., block]
        found = variance_map(handle.decode, handle.z[chosen], block, drawn)
        total.append(found.diversity)
        if known is not None:
            inside = (found.variance * known[label]).sum((1, 2, 3)).mean()
            share.append(inside / found.diversity if found.diversity > 1e-9 else np.nan)
    return {
        "diversity": total,
        "diversity share": None if known is None else share,
        "diversity chance": None if known is None else known.mean((1, 2, 3)),
    }


def measure_information(handle: Handle) -> dict[str, Any]:
    """I(x; c_l) of each label's dimensions, and of the style, in nats, summed over dimensions.

    Of M2, whose label is no code, I(x; y_l).
    """
    told = information(handle.told)
    return {
        "block information": [float(told[block].sum()) for block in handle.blocks],
        "style information": None if handle.style_told is None else float(information(handle.style_told).sum()),
    }


def information(q: Any) -> np.ndarray:
    """I(x; z_j) in nats, ``[D]``, of batch ``[N, D]``."""
    if isinstance(q, torch.distributions.Bernoulli):
        whole = torch.distributions.Bernoulli(q.probs.double().mean(0).clamp(0, 1))
        return (whole.entropy() - q.entropy().double().mean(0)).numpy()
    return mutual_information(q).value


def as_it_is(handle: Handle) -> np.ndarray:
    """The rows' own images."""
    return handle.decode(handle.z).numpy()


def swapped(handle: Handle, partner: Tensor) -> Iterator[np.ndarray]:
    """The rows with the block of one label from their partners, label after label."""
    return (swap(handle.decode, handle.z, block, partner) for block in handle.blocks)


@lru_cache(maxsize=1)
def shown_by(attributes: tuple[str, ...], samples: int = 400) -> np.ndarray:
    """The pixels of a face that the factors of each attribute move, ``[L, 1, 32, 32]`` booleans.

    Args:
        attributes: of `smiley`.
        samples: faces drawn of each, with that attribute alone.
    """
    generator = torch.Generator().manual_seed(0)
    bounds = torch.tensor([factor[1:] for factors in FACTORS.values() for factor in factors])
    values = bounds[:, 0] + (bounds[:, 1] - bounds[:, 0]) * torch.rand(samples, len(bounds), generator=generator)
    found = []
    for label in range(len(attributes)):
        present = torch.zeros(samples, len(attributes))
        present[:, label] = 1
        faces = draw_faces(present, values)
        found.append((faces.amax(0) - faces.amin(0)).numpy() > MOVES)
    return np.stack(found)
