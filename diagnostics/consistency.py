"""Do rows of one class open the same gates, and rows of different classes different ones?"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..distributions import jensen_shannon
from .arrays import Array, as_gate, as_label

__all__ = ["Consistency", "class_consistency"]

TILE = 2**20  # elements of one [rows, rows, D] block: small enough to stay in the processor's cache


@dataclass(frozen=True)
class Consistency:
    """Agreement of gates within and between classes. Divergences in nats, summed over dimensions; C classes.

    Attributes:
        within: mean pairwise divergence over all pairs of rows of one class.
        between: the same, of two classes.
        ratio: ``between / within``; 1 when classes mean nothing, infinite when rows of a class agree exactly, NaN when
            all rows do.
        jaccard_within: mean overlap of the sets of open gates, {gate > 1/2}, of two rows of one class; two empty sets
            overlap wholly (1).
        jaccard_between: the same, of two classes.
        classes: ``[C]``, the labels met.
        divergence: ``[C, C]``, mean divergence of the pairs of each two classes; the diagonal is each class's own
            ``within`` (NaN for a class of one row).
        active: mean number of open gates in a row. Gates that ignore the image agree perfectly: read it beside the
            others.
        rows: number of rows used, ``pairs_within`` and ``pairs_between`` every pair among them.
    """

    within: float
    between: float
    ratio: float
    jaccard_within: float
    jaccard_between: float
    classes: np.ndarray
    divergence: np.ndarray
    active: float
    rows: int
    pairs_within: int
    pairs_between: int

    @property
    def per_class(self) -> np.ndarray:
        """``[C]``, mean pairwise divergence within each class, nats; NaN for a class of one row."""
        return self.divergence.diagonal().copy()


def class_consistency(gate: Array, y: Array, *, max_rows: int = 2000, seed: int = 0) -> Consistency:
    r"""Mean pairwise Jensen-Shannon divergence and set overlap of gates, within and between classes.

    .. math::
        \text{within} = \frac{1}{|P|} \sum_{(n,m) \in P} \sum_{j=1}^{D} \mathrm{JSD}(\gamma_{nj}, \gamma_{mj}), \qquad
        P = \{n < m : y_n = y_m\}

    and ``between`` alike over the pairs with :math:`y_n \ne y_m`. Every pair counts once; pairs are not sampled, rows
    are: beyond ``max_rows`` a stratified subset is drawn, in proportion to the classes and with at least two rows of
    each.

    Args:
        gate: ``[N, D]``, spike probabilities.
        y: ``[N]``, integer labels; leave out rows without one.
        max_rows: largest number of rows used; time grows with its square.
        seed: of the subset.

    Raises:
        ValueError: gates outside ``[0, 1]`` or NaN, lengths that differ, a single class, no class with two rows,
            or ``max_rows`` too small to hold two rows of each class.

    References:
        Sangari Abiz et al., arXiv 2505.14476: the consistency term, here measured on all pairs of a test set.

    Example:
        >>> gate = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
        >>> result = class_consistency(gate, torch.tensor([0, 0, 1, 1]))
        >>> result.within, round(result.between, 3), result.jaccard_within, result.jaccard_between
        (0.0, 1.386, 1.0, 0.0)
    """
    gate = as_gate(gate)
    y = as_label(y, len(gate)).to(gate.device)
    classes, member, size = y.unique(return_inverse=True, return_counts=True)
    if len(classes) < 2 or size.max() < 2:
        raise ValueError(
            "y: expected at least two classes, one of them with two rows or more, to compare pairs within and between; "
            f"got {len(classes)} class{'es' * (len(classes) > 1)} in {len(y)} rows.\n"
            "Try one of:\n"
            "- a larger or shuffled part of the data set\n"
            "- labels of classes, not identifiers of rows"
        )
    kept = stratified(member.cpu(), size.cpu(), max_rows, seed).to(gate.device)
    gate, member = gate[kept], member[kept]
    divergence, overlap = pair_sums(gate, member, len(classes))

    size = np.bincount(member.cpu().numpy())
    pairs = np.outer(size, size)
    np.fill_diagonal(pairs, size * (size - 1) // 2)
    own = np.eye(len(classes), dtype=bool)
    within_pairs, between_pairs = int(pairs[own].sum()), int(pairs[~own].sum()) // 2

    within = float(divergence[own].sum()) / within_pairs
    between = float(divergence[~own].sum()) / 2 / between_pairs
    return Consistency(
        within=within,
        between=between,
        ratio=between / within if within > 0 else float("inf") if between > 0 else float("nan"),
        jaccard_within=float(overlap[own].sum()) / within_pairs,
        jaccard_between=float(overlap[~own].sum()) / 2 / between_pairs,
        classes=classes.cpu().numpy(),
        divergence=np.divide(divergence, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0),
        active=(gate > 0.5).sum(-1).float().mean().item(),
        rows=len(gate),
        pairs_within=within_pairs,
        pairs_between=between_pairs,
    )


def stratified(member: Tensor, size: Tensor, max_rows: int, seed: int) -> Tensor:
    """Indices of at most ``max_rows`` rows, ascending: two of each class (or its one), the rest in proportion."""
    if len(member) <= max_rows:
        return torch.arange(len(member))
    floor = size.clamp(max=2)
    if floor.sum() > max_rows:
        raise ValueError(
            f"max_rows: expected room for two rows of each of the {len(size)} classes, "
            f"at least {floor.sum()}; got {max_rows}.\n"
            "Try one of:\n"
            f"- max_rows={max(2000, int(floor.sum()))}"
        )
    quota = floor + (size - floor) * (max_rows - floor.sum()) // (size - floor).sum()
    order = torch.randperm(len(member), generator=torch.Generator().manual_seed(seed))
    grouped = order[member[order].argsort(stable=True)]
    rank = torch.arange(len(member)) - (size.cumsum(0) - size).repeat_interleave(size)
    return grouped[rank < quota.repeat_interleave(size)].sort().values


def pair_sums(gate: Tensor, member: Tensor, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums over unordered pairs of rows, ``[C, C]``: of the divergence, and of the Jaccard overlap of open gates."""
    opened = (gate > 0.5).to(gate.dtype)
    count = opened.sum(-1)
    belongs = torch.nn.functional.one_hot(member, classes).to(gate.dtype)
    divergence, overlap = gate.new_zeros(2, classes, classes)
    step = max(1, TILE // gate.numel())
    for start in range(0, len(gate), step):
        here, rest = slice(start, start + step), slice(start, None)
        tile = jensen_shannon(gate[here, None], gate[None, rest]).sum(-1)
        shared = opened[here] @ opened[rest].T
        union = count[here, None] + count[rest] - shared
        jaccard = torch.where(union > 0, shared / union.clamp(min=1), 1.0)
        divergence += belongs[here].T @ tile.triu(1) @ belongs[rest]
        overlap += belongs[here].T @ jaccard.triu(1) @ belongs[rest]
    ordered = torch.stack([divergence, overlap]).cpu().double().numpy()
    both = ordered + ordered.transpose(0, 2, 1)
    both[:, range(classes), range(classes)] /= 2
    return both[0], both[1]
