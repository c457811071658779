"""Means of the terms of a loss over an epoch, and the step at which one stopped being finite."""

from pathlib import Path

import torch
from torch import Tensor

__all__ = ["Diverged", "Meter"]


class Diverged(RuntimeError):  # noqa: N818
    """A term of the loss, or a weight, became NaN or infinite.

    Args:
        place: epoch and step.
        what: the terms or the weight.
        folder: the run's, whose checkpoint is older than the trouble.
    """

    def __init__(self, place: str, what: str, folder: Path):
        super().__init__(
            f"{place}: not finite: {what}. The last good checkpoint is in {folder / 'checkpoint'}.\n"
            "Try one of:\n- a smaller lr, or lr=Ramp(0, 1e-3, end=0.1) to warm it up\n- clip=1.0\n"
            "- a floor under the scales of the site named above"
        )


class Meter:
    """Running sums of named terms, kept on their device: no step waits for a GPU.

    Attributes:
        names: the terms, in the order of the first batch.
        count: rows so far.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.sums: Tensor | None = None
        self.bad: Tensor | None = None
        self.count = 0

    def add(self, terms: dict[str, Tensor], rows: int) -> None:
        """Add batch means, weighted by the batch's rows."""
        values = torch.stack(list(terms.values())).double()
        if self.sums is None or self.bad is None:
            self.names, self.sums, self.bad = list(terms), torch.zeros_like(values), torch.zeros_like(values)
        self.sums += rows * values
        # The first step that is not finite decides: after it everything is, so later ones tell nothing.
        self.bad = torch.where(self.bad.any(), self.bad, (~values.isfinite()).to(values))
        self.count += rows

    def not_finite(self) -> list[str]:
        """The terms, sums of terms left out, that were the first to be NaN or infinite. Waits for the device."""
        if self.bad is None or not bool(self.bad.any()):
            return []
        bad = [name for name, flag in zip(self.names, self.bad.tolist(), strict=True) if flag]
        return [name for name in bad if name not in ("loss", "bound")] or bad

    def means(self) -> dict[str, float]:
        """Mean of each term so far."""
        return {} if self.sums is None else dict(zip(self.names, (self.sums / self.count).tolist(), strict=True))

    def state(self) -> dict[str, object]:
        """What a checkpoint keeps, so that an epoch taken up in its middle ends with the same means."""
        return {"names": self.names, "sums": self.sums, "bad": self.bad, "count": self.count}

    def restore(self, state: dict[str, object], device: torch.device) -> None:
        """Take up a state."""
        vars(self).update(state)
        self.sums, self.bad = (None if t is None else t.to(device) for t in (self.sums, self.bad))
