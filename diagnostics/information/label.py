"""How much each dimension tells of a label."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..arrays import Array, as_label
from .aggregate import Aggregate
from .components import Posterior, batches
from .row_entropy import surprise
from .sample import KEPT

__all__ = ["LabelInformation", "label_information"]


@dataclass(frozen=True)
class LabelInformation:
    """I(y; z_j) of each of D dimensions, in nats.

    Attributes:
        value: ``[D]``, between 0 and ``entropy``.
        standard_error: ``[D]``, over rows drawn independently of each other.
        spike: ``[D]``, I(y; [z_j != 0]), what is told by whether a dimension is on; None for codes without an atom.
        entropy: H(y), from the shares of the classes.
        classes: ``[C]``, the labels met.
        rows: how many.
    """

    value: np.ndarray
    standard_error: np.ndarray
    spike: np.ndarray | None
    entropy: float
    classes: np.ndarray
    rows: int


def label_information(posterior: Posterior, y: Array, scale: Array | None = None) -> LabelInformation:
    r"""Mutual information of a label and each latent dimension, exactly, in nats.

    .. math:: I(y; z_j) = H\big(\bar q(z_j)\big) - \sum_c p_c H\big(\bar q_c(z_j)\big), \qquad
        \bar q_c = \frac{1}{N_c} \sum_{n: y_n = c} q(z_j | x_n), \quad p_c = N_c / N

    by the quadrature of :func:`mutual_information`, of which it is a part: at most I(x; z_j). Like every information
    from N rows it is too high by chance, where rows hardly overlap by up to about (C - 1) / 2N for each place told
    apart; shuffled labels show how much.

    Args:
        posterior: as :func:`mutual_information` takes it.
        y: ``[N]``, integer labels; leave out rows without one.
        scale: beside an array of locations.

    Returns:
        Values ``[D]``; zeros for labels of one class, which tell nothing.

    Raises:
        ValueError: as :func:`mutual_information`; labels of another length, or that are no whole numbers.

    References:
        Chen et al., Isolating Sources of Disentanglement in VAEs (NeurIPS 2018), eq. 6, where it is sampled.

    Example:
        >>> loc = torch.tensor([[-9.0, -9.0], [9.0, -9.0], [-9.0, 9.0], [9.0, 9.0]])
        >>> label_information(loc, torch.tensor([0, 1, 0, 1]), torch.ones(4, 2)).value.round(3)
        array([0.693, 0.   ])
    """
    first, *rest = batches(posterior, scale)
    q = sum(rest, first)
    label = as_label(y, len(q))
    classes, count = label.unique(return_counts=True)
    members = [(label == c).nonzero().squeeze(1).to(q.loc.device) for c in classes]
    parts = [Aggregate.of(q[rows]) for rows in members]
    whole = sum(parts[1:], parts[0])
    some = torch.randperm(len(q), generator=torch.Generator().manual_seed(0))[:KEPT].sort().values.to(q.loc.device)
    drawn = [some[(label[some.to(label.device)] == c).to(some.device)] for c in classes]

    entropy, cross = whole.entropies(q[torch.cat(drawn)].to("cpu"))
    own = [part.entropies(q[rows].to("cpu")) for part, rows in zip(parts, drawn, strict=True)]
    share = (count.double() / len(q)).cpu()
    value = entropy - share @ torch.stack([each for each, _ in own])
    gain = cross - torch.cat([each for _, each in own])  # of each row: how much likelier it is in its class

    spike = None
    if q.atom is not None:
        atom = torch.stack([q.atom[rows].mean(0) for rows in members]).cpu()
        spike = (binary(share @ atom) - share @ binary(atom)).clamp(min=0).numpy()
    limit = float(surprise(share).sum())
    return LabelInformation(
        value=value.clamp(0, limit).numpy(),
        standard_error=(gain.std(0, correction=0) / math.sqrt(len(q))).numpy(),
        spike=spike,
        entropy=limit,
        classes=classes.cpu().numpy(),
        rows=len(q),
    )


def binary(p: Tensor) -> Tensor:
    """Entropy of a Bernoulli variable, elementwise, in nats, exact at 0 and 1."""
    return surprise(p) + surprise(1 - p)
