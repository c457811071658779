"""What one does to a run's codes by hand: choose a row, move its dimensions, swap parts with another row."""

from collections.abc import Sequence
from copy import copy

import numpy as np
import torch
from torch import Tensor

from ...diagnostics import swap
from ...inference import Run
from ...inference.evaluation import evaluating
from ..report.exemplars import has_images
from ..report.mixture.components import prior_of
from ..report.partition import Partition
from ..report.reading import Space, read_run

__all__ = ["Explorer"]


class Explorer:
    """A run's test rows, one of them chosen, and that row's code as it has been edited.

    Args:
        run: with images of one or three channels and a code that its model decodes.
        rows: choose among so many test rows, the first; at most the 2000 that the report measures.

    Attributes:
        reading: what the report says of the run.
        z: ``[N, D]``, the codes of the rows.
        dims: the dimensions to move, in the report's order: the used ones, or all where none is used.
        labels: of each row, the classes and attributes that it is known to have.
        row: the chosen one.
        edit: ``[D]``, its code as edited.

    Raises:
        ValueError: no such code, no such images, or no row.

    Example:
        >>> import tempfile
        >>> from pellucid import data, fit, zoo
        >>> digits, folder = data.digits(rows=200), tempfile.mkdtemp() + "/run"
        >>> explorer = Explorer(fit(zoo.vae(digits, dim=2), digits, epochs=1, folder=folder, progress=False))
        >>> explorer.move(1, 0.5)
        >>> explorer.edited.shape
        (1, 8, 8)
    """

    def __init__(self, run: Run, rows: int | None = None):
        if rows is not None and rows < 1:
            raise ValueError(
                f"rows: expected at least one test row to choose among; got {rows}.\n"
                "Try one of:\n- rows=200\n- rows=None, for all that the report measures"
            )
        self.run, self.reading = run, read_run(run)
        if not has_images(self.reading):
            raise ValueError(
                f"explore: expected images of one or three channels, [C, H, W]; the rows of {run.data.name} are "
                f"{list(run.data.shape)}.\nTry one of:\n- pellucid report {run.folder}\n- run.decode(z), by hand"
            )
        if self.reading.space is None:
            raise ValueError(
                f"explore: expected a code that the decoder turns into an image; the run in {run.folder} has none, so "
                "there is nothing to move.\nTry one of:\n"
                "- a prior that returns the decoder's vector, [..., D], as those of pellucid.models do\n"
                f"- pellucid report {run.folder}, for what can be said without"
            )
        self.space: Space = self.reading.space
        self.x = self.reading.batch.x[:rows]
        self.z = self.space.code.z[: len(self.x)].float()
        told = self.space.information
        self.dims = self.space.order or [int(j) for j in np.argsort(-told, kind="stable")]
        self.labels = labels_of(self.reading.parts, len(self.x))
        self.low, self.high = spans(self.space.code.z.float())
        self.choose(0)

    def __repr__(self) -> str:
        return f"Explorer({str(self.run.folder)!r}, row {self.row} of {len(self.x)})"

    def another(self) -> "Explorer":
        """The same rows and measures, with a choice of its own: nothing is measured again."""
        return copy(self)

    def choose(self, row: int) -> None:
        """Choose a row; its code is as the guide gave it.

        Args:
            row: from 0 to N - 1.

        Raises:
            ValueError: no such row.
        """
        self.row = self.checked("row", row)
        self.reset()

    def reset(self) -> None:
        """Undo what has been edited."""
        self.edit = self.z[self.row].clone()

    def move(self, j: int, value: float) -> None:
        """Give dimension j of the edited code a value.

        Raises:
            ValueError: no such dimension, or no finite value.
        """
        if not 0 <= j < self.z.shape[1] or not np.isfinite(value):
            raise ValueError(
                f"move: expected a dimension from 0 to {self.z.shape[1] - 1} and a finite value; got {j} and {value}.\n"
                f"Try one of:\n- explorer.move({self.dims[0]}, 0.0)\n- explorer.dims, for those that are used"
            )
        moved = self.edit.clone()
        moved[j] = value
        self.edit = moved

    def span(self, j: int) -> tuple[float, float]:
        """Ends of the slider of dimension j.

        The 1st and 99th percentile of the codes of all rows, of a gated dimension where it is on, and zero; wider
        where the row's own value, or the edited one, lies beyond.
        """
        here = (float(self.z[self.row, j]), float(self.edit[j]))
        return min(float(self.low[j]), *here), max(float(self.high[j]), *here)

    @property
    def original(self) -> np.ndarray:
        """``[C, H, W]``, the chosen row."""
        return self.x[self.row].numpy()

    @property
    def reconstruction(self) -> np.ndarray:
        """``[C, H, W]``, the mean image at its code."""
        return self.run.decode(self.z[self.row][None])[0].numpy()

    @property
    def edited(self) -> np.ndarray:
        """``[C, H, W]``, the mean image at the edited code."""
        return self.run.decode(self.edit[None])[0].numpy()

    def swapped(self, partner: int, block: Sequence[int]) -> np.ndarray:
        """Two rows, each with a part of the other's code: see :func:`pellucid.diagnostics.swap`.

        Args:
            partner: a row.
            block: the dimensions that are exchanged.

        Returns:
            ``[2, C, H, W]``: the chosen row with the partner's block, the partner with the chosen row's.

        Raises:
            ValueError: no such row or dimension.
        """
        pair = self.z[[self.row, self.checked("partner", partner)]]
        return swap(self.run.decode, pair, block, torch.tensor([1, 0]))

    def reconstructed(self, row: int) -> np.ndarray:
        """``[C, H, W]``, the mean image at the code of a row."""
        return self.run.decode(self.z[self.checked("row", row)][None])[0].numpy()

    @property
    def parts(self) -> dict[str, list[int]]:
        """What a swap may exchange by name: each label's block, all of them, and the style; none without blocks."""
        blocks = self.space.blocks
        if not blocks:
            return {}
        own = sorted({j for block in blocks.values() for j in block})
        style = [j for j in range(self.z.shape[1]) if j not in own]
        return dict(blocks) | {"all labels": own} | ({"style": style} if style else {})

    @property
    def centres(self) -> Tensor | None:
        """``[K, D]``, the centres of a mixture prior; None of other priors."""
        prior = prior_of(self.run)
        if prior is None:
            return None
        with evaluating(self.run.pair):
            centres = prior.components().mean.cpu()
        return centres if centres.shape[1:] == self.z.shape[1:] else None

    @property
    def names(self) -> tuple[str, ...]:
        """The classes and attributes that rows can be chosen by."""
        return tuple(name for part in self.reading.parts for name in part.classes)

    def rows_of(self, name: str | None = None) -> list[int]:
        """The rows that bear a name, none if nothing has it; all rows without a name."""
        return [row for row, borne in enumerate(self.labels) if name is None or name in borne]

    def following(self, name: str | None = None) -> int:
        """The next row of a name, after the last one the first; the chosen one if none has it."""
        rows = self.rows_of(name) or [self.row]
        return next((row for row in rows if row > self.row), rows[0])

    def preceding(self, name: str | None = None) -> int:
        """The row of a name before the chosen one, before the first one the last; the chosen one if none has it."""
        rows = self.rows_of(name) or [self.row]
        return next((row for row in rows[::-1] if row < self.row), rows[-1])

    @property
    def stranger(self) -> int:
        """The first row that has the fewest labels in common with the chosen one."""
        own = set(self.labels[self.row])
        others = [row for row in range(len(self.x)) if row != self.row] or [self.row]
        return min(others, key=lambda row: len(own & set(self.labels[row])))

    def checked(self, name: str, row: int) -> int:
        """A row that is there."""
        if not 0 <= row < len(self.x):
            raise ValueError(
                f"{name}: expected a test row from 0 to {len(self.x) - 1}; got {row}.\n"
                f"Try one of:\n- {name}=0\n- explorer.rows_of(name), for those of a class"
            )
        return int(row)


def labels_of(parts: Sequence[Partition], rows: int) -> list[list[str]]:
    """The names that each of the first rows bears."""
    columns = [(part.classes, part.y.tolist(), part.known.tolist()) for part in parts]
    return [[classes[y[row]] for classes, y, known in columns if known[row]] for row in range(rows)]


def spans(z: Tensor) -> tuple[Tensor, Tensor]:
    """Of each dimension of ``[N, D]``, the 1st and 99th percentile of what is not zero, and zero: ``[D]`` each.

    Example:
        >>> spans(torch.tensor([[1.0, 0.0], [2.0, 0.0]]))
        (tensor([ 0., -1.]), tensor([1.9900, 1.0000]))
    """
    low, high = (torch.nan_to_num(torch.where(z != 0, z, torch.nan).nanquantile(q, 0)) for q in (0.01, 0.99))
    low, high = low.clamp(max=0), high.clamp(min=0)
    still = high - low < 1e-6  # a dimension that is zero in all rows can be moved too
    return torch.where(still, -1.0, low), torch.where(still, 1.0, high)
