"""Means of the terms of a loss over an epoch, and the step at which one stopped being finite."""

from collections.abc import Iterable
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

    def add(self, names: list[str], means: Tensor, rows: int) -> None:
        """Add batch means ``[T]`` of the terms named, weighted by the batch's rows."""
        if self.names and names != self.names:
            raise ValueError(
                f"sites: expected the terms of the first step, {', '.join(self.names)}; this step has "
                f"{', '.join(names)}.\nTry one of:\n- the same sites in every call of the programs\n"
                "- poutine.mask(mask=...) in place of an if around a sample statement"
            )
        values = means.double()
        if self.sums is None or self.bad is None:
            self.names, self.sums, self.bad = names, torch.zeros_like(values), torch.zeros_like(values)
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

    @classmethod
    def joined(cls, meters: Iterable["Meter"]) -> "Meter":
        """The meter of all rows that several have added up, each of the same terms or still empty."""
        whole = cls()
        for each in meters:
            if each.sums is None or each.bad is None:
                continue
            if whole.sums is None or whole.bad is None:
                whole.names, whole.sums, whole.bad = each.names, each.sums.clone(), each.bad.clone()
            else:
                whole.sums, whole.bad = whole.sums + each.sums.to(whole.sums), whole.bad + each.bad.to(whole.bad)
            whole.count += each.count
        return whole

    def state(self) -> dict[str, object]:
        """What a checkpoint keeps, so that an epoch taken up in its middle ends with the same means."""
        sums, bad = (None if t is None else t.cpu() for t in (self.sums, self.bad))
        return {"names": self.names, "sums": sums, "bad": bad, "count": self.count}

    __getstate__ = state  # so that it reaches another process without its device

    def restore(self, state: dict[str, object], device: torch.device) -> None:
        """Take up a state."""
        vars(self).update(state)
        self.sums, self.bad = (None if t is None else t.to(device) for t in (self.sums, self.bad))
