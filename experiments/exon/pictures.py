"""Pictures made from the runs themselves: planes, dimensions that are varied, and straight lines between codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor

from ...diagnostics.figures import traversal_grid, v_nat_bars
from ...diagnostics.figures.image_grids import show, to_pixels
from ...diagnostics.figures.strips import strips
from ...diagnostics.subspace import decode_plane, interpolate
from ...inference import Run, load
from ..report.mixture.components import mixture_components
from ..study import Study
from .mixture import reach
from .panels import Space, draw_spaces
from .reconstruction import squared_error

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Seen", "draw_bars", "draw_lines", "draw_planes", "draw_varied", "seen"]

ROWS, STEPS, ACROSS = 1000, 16, 9


@dataclass(frozen=True)
class Seen:
    """A run of a mixture, to draw pictures of.

    Attributes:
        run: the run.
        y: ``[N]``, classes of test rows.
        guess: ``[N]``, the most probable classes.
        code: ``[N, D]``, the codes of these.
        loc: centres ``[K, D]``.
        scale: ``[K, D]``.
    """

    run: Run
    y: Tensor
    guess: Tensor
    code: Tensor
    loc: Tensor
    scale: Tensor

    @property
    def names(self) -> Sequence[str] | None:
        """The names of the classes; None where they are numbers."""
        names = self.run.data.classes
        return None if all(name.isdecimal() for name in names) else names


@torch.no_grad()
def seen(study: Study, set_name: str, variant: str, rows: int = ROWS) -> Seen:
    """The run of the lowest seed."""
    run = load(next(iter(study.of(set_name, variant).values())).folder)
    batch = run.split("test", rows)
    found = mixture_components(run, batch.x)
    assert found is not None  # as when it was measured
    prior, q = found
    told: Any = run.posterior("test", rows)["y"]
    guess = told.logits.argmax(-1)
    code = q.mean[torch.arange(batch.rows), guess]
    return Seen(run, cast(Tensor, batch.y), guess, code, prior.mean, prior.stddev)


def draw_planes(study: Study, chosen: Mapping[str, tuple[str, str]], title: str) -> "Figure":
    """Latent planes side by side.

    Args:
        study: the cells.
        chosen: title of a column -> set and variant, of two dimensions.
        title: of the figure.
    """
    found = {name: seen(study, *place) for name, place in chosen.items()}
    spaces = []
    for name, of in found.items():
        edge = reach(of.loc, 2 * of.scale)  # the ellipses whole
        plane = decode_plane(of.run.decode, of.loc[0], (-edge, edge), steps=STEPS)
        spaces.append(Space(name, of.code.numpy(), of.y.numpy(), of.loc.numpy(), of.scale.square().numpy(), plane))
    return draw_spaces(spaces, title, next(iter(found.values())).names)


def draw_bars(study: Study, set_name: str, variant: str, title: str) -> "Figure | None":
    """V-nat of every dimension, of the lowest seed; None where nobody measured it."""
    value = next(iter(study.values(set_name, variant, "v-nat").values()), None)
    if value is None:
        return None
    names = next(iter(study.values(set_name, variant, "classes").values()))
    return v_nat_bars(np.array(value, dtype=float), names, title=title)


def draw_varied(study: Study, set_name: str, variant: str, title: str) -> "Figure | None":
    """One image, its two dimensions of highest and of lowest V-nat varied within three standard deviations."""
    value = next(iter(study.values(set_name, variant, "v-nat").values()), None)
    if value is None:
        return None
    of = seen(study, set_name, variant, 1)
    own = np.array(value, dtype=float)[k := int(of.y[0])]
    order = np.argsort(-own, kind="stable")
    chosen = [*order[:2], *order[-2:]]
    sigma = np.linspace(-3, 3, ACROSS)
    code = of.code[0].repeat(len(chosen), ACROSS, 1)
    for row, j in enumerate(chosen):
        code[row, :, j] = of.loc[k, j] + of.scale[k, j] * torch.from_numpy(sigma).to(code)
    images = of.run.decode(code)
    start = of.run.decode(of.code[:1])
    change = squared_error(images.flatten(0, 1), start).reshape(len(chosen), ACROSS)
    return traversal_grid(
        images,
        [f"z{j}, V-nat {own[j]:.1f}" for j in chosen],
        [float(s) for s in sigma],
        {"half the squared change": change},
        title=title,
        value_name="standard deviations of the prior's component from its centre",
    )


def draw_lines(study: Study, set_name: str, variant: str, title: str) -> "Figure":
    """Images on straight lines: between two codes of one class, and between the centres of two."""
    of = seen(study, set_name, variant)
    names, K = of.run.data.classes, len(of.loc)
    rows = {k: ((of.y == k) & (of.guess == k)).nonzero()[:, 0] for k in range(K)}
    within = {f"within {names[k]}": (of.code[rows[k][0]], of.code[rows[k][1]]) for k in range(K) if len(rows[k]) > 1}
    within = dict(list(within.items())[:3])
    pairs = [(0, 1 % K), (0, 2 % K), (0, K // 2)]
    across = {f"{names[a]} to {names[b]}": (of.loc[a], of.loc[b]) for a, b in pairs if a != b}
    start, end = (torch.stack([pair[side] for pair in (within | across).values()]) for side in (0, 1))
    images = to_pixels("images", interpolate(of.run.decode, start, end, ACROSS))
    _, high, wide = of.run.data.shape
    figure, axes = strips([list(within), list(across)], ACROSS, high / wide, title)
    for tiles, line in zip(axes, images, strict=True):
        for tile, image in zip(tiles, line, strict=True):
            show(tile, image)
    return figure
