"""What the gates of a split do: how many are open, how many change with the image, how far they tell classes apart."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...distributions import Labels, at_site, jensen_shannon

__all__ = ["GateSums", "columns"]

MOST = 1000
"""Classes at most: a column of more holds identifiers of rows."""


class GateSums:
    """Sums of the gates of one site over a split, by class; the rows themselves are not kept.

    Example:
        >>> sums = GateSums()
        >>> sums.add(torch.tensor([[1.0, 0.9], [0.0, 0.9]]).repeat(2, 1), torch.tensor([0, 1, 0, 1]), None)
        >>> {name: round(value, 3) for name, value in sums.figures("z").items()}
        {'open(z)': 1.5, 'live(z)': 1.0, 'between(z)': 0.693}
    """

    def __init__(self) -> None:
        self.rows = 0
        self.opened: Tensor | None = None
        self.classes: dict[str, dict[int, tuple[Tensor, int]]] = {}

    def add(self, gate: Tensor, y: Labels, labelled: Labels) -> None:
        """Add a batch.

        Args:
            gate: ``[B, D]``.
            y: labels ``[B]``, ``[B, L]``, a dict of such, or none.
            labelled: boolean mask, or None.
        """
        gate = gate.double()
        opened = (gate > 0.5).sum(0)
        self.opened = opened if self.opened is None else self.opened + opened
        self.rows += len(gate)
        for name, label, known in columns(y, labelled):
            values, member, size = label[known].unique(return_inverse=True, return_counts=True)
            sums = self.classes.setdefault(name, {})
            if len(sums) > MOST:
                continue
            total = gate.new_zeros(len(values), gate.shape[1]).index_add(0, member, gate[known])
            for value, each, number in zip(values.tolist(), total, size.tolist(), strict=True):
                before, rows = sums.get(value, (0.0, 0))
                sums[value] = (before + each, rows + number)

    @classmethod
    def joined(cls, parts: Iterable["GateSums"]) -> "GateSums":
        """The sums of all rows that several have added up."""
        whole = cls()
        for each in parts:
            if each.opened is None:
                continue
            whole.rows += each.rows
            whole.opened = each.opened if whole.opened is None else whole.opened + each.opened.to(whole.opened)
            for name, classes in each.classes.items():
                sums = whole.classes.setdefault(name, {})
                for value, (total, rows) in classes.items():
                    before, count = sums.get(value, (torch.zeros_like(total), 0))
                    sums[value] = (before + total.to(before), count + rows)
        return whole

    def __getstate__(self) -> dict[str, Any]:
        """What reaches another process: all on the CPU."""
        classes = {
            name: {value: (total.cpu(), rows) for value, (total, rows) in sums.items()}
            for name, sums in self.classes.items()
        }
        return {"rows": self.rows, "opened": None if self.opened is None else self.opened.cpu(), "classes": classes}

    def figures(self, site: str) -> dict[str, float]:
        r"""The figures by name.

        - ``open``: mean number of gates above 1/2 in a row.
        - ``live``: number of dimensions whose gate is above 1/2 on 1 to 99 % of the rows: what is left of a used
          dimension (:func:`~pellucid.diagnostics.used_dimensions`) without a decoding.
        - ``between``, in nats, with labels of 2 to 1000 classes and two rows a class: how far apart the mean gates
          :math:`\bar\gamma_c` of two classes are, in the mean over pairs of classes, whatever their sizes,

          .. math:: \frac{2}{C (C - 1)} \sum_{c < d} \sum_j \mathrm{JSD}(\bar\gamma_{cj}, \bar\gamma_{dj});

          of several attributes, the largest: one that is told is enough to show that gates heed the image.
        """
        if self.opened is None:
            return {}
        share = self.opened / self.rows
        found = {
            f"open({site})": float(share.sum()),
            f"live({site})": float(((share >= 0.01) & (share <= 0.99)).sum()),
        }
        parted = [sums for sums in self.classes.values() if 1 < len(sums) <= min(MOST, self.rows / 2)]
        apart = [between(torch.stack([total / rows for total, rows in sums.values()])) for sums in parted]
        return found | ({f"between({site})": max(apart)} if apart else {})


def columns(y: Labels, labelled: Labels) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Each way in which labels part the rows: its name, the labels ``[B]`` and which of them are known.

    Args:
        y: labels ``[B]``, ``[B, L]``, a dict of such, or none.
        labelled: boolean mask of a shape with the rows first, a dict of such, or None.

    Example:
        >>> y = torch.tensor([[0, 1], [1, 1]])
        >>> [(name, label.tolist()) for name, label, _ in columns(y, None)]
        [('y[0]', [0, 1]), ('y[1]', [1, 1])]
    """
    for site, values in (y if isinstance(y, dict) else {} if y is None else {"y": y}).items():
        label, mask = values.flatten(1) if values.dim() > 1 else values[:, None], at_site(site, labelled)
        known = torch.ones_like(label, dtype=torch.bool) if mask is None else mask.reshape(len(label), -1)
        for i, (column, each) in enumerate(zip(label.unbind(1), known.expand(label.shape).unbind(1), strict=True)):
            yield f"{site}[{i}]", column, each


def between(mean: Tensor) -> float:
    """Mean divergence of two classes ``[C, D]``, nats."""
    apart = sum(float(jensen_shannon(mean[c], mean[c + 1 :]).sum()) for c in range(len(mean) - 1))
    return apart / (len(mean) * (len(mean) - 1) / 2)
