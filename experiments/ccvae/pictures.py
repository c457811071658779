"""Pictures made from the runs themselves: swaps, traversals between the conditional priors, and what a block draws."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor

from ...diagnostics import traverse_grid, variance_map
from ...diagnostics.figures import traversal_grid, two_label_grid, variance_grid
from ...diagnostics.figures.image_grids import show, to_pixels
from ...diagnostics.figures.strips import strips
from ...inference import Run, load
from ...inference.factor import without_factors
from ..study import Study
from .fractions import place
from .panels import swap_matrix

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Pictured", "draw_diverse", "draw_swaps", "draw_traversals", "draw_two_labels", "draw_variance", "pictured"]

ROWS, ACROSS, STEPS, DRAWS, MOST = 6, 9, 9, 256, 4


@dataclass(frozen=True)
class Pictured:
    """A run to draw pictures of, with labels of several attributes.

    Attributes:
        run: of characteristic latents.
        title: what its pictures are headed with.
        y: ``[N, L]``, labels of test rows.
        code: ``[N, D]``, the means of their posteriors: blocks of the labels first, then the style.
        loc: ``[2, C]``, of p(c | y) where all labels are false, and where all are true.
        scale: ``[2, C]``.
    """

    run: Run
    title: str
    y: Tensor
    code: Tensor
    loc: Tensor
    scale: Tensor

    @property
    def blocks(self) -> list[list[int]]:
        """The dimensions of the code that belong to each label."""
        return self.run.pair.model.prior.blocks

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels."""
        return self.run.data.classes

    def has(self, row: int) -> str:
        """The labels of a row in words, the first of them where they are many."""
        words = [name for name, there in zip(self.labels, self.y[row].tolist(), strict=True) if there]
        return ", ".join(words[:MOST] + ["…"] * (len(words) > MOST)) or "none"

    def levels(self, label: int, steps: int = STEPS) -> Tensor:
        """Values ``[V, B]`` of a block: evenly from one conditional prior to the other, and a scale beyond either."""
        block = self.blocks[label]
        (false, true), (low, high) = self.loc[:, block], self.scale[:, block]
        between = torch.lerp(false, true, torch.linspace(0, 1, steps - 2)[:, None])
        beyond = torch.where(true >= false, 1.0, -1.0)
        return torch.cat([(false - beyond * low)[None], between, (true + beyond * high)[None]])


def pictured(study: Study, set_name: str, method: str, rows: int = 64) -> Pictured:
    """The run of the lowest seed, ready to be drawn."""
    measured = next(iter(study.of(set_name, method).values()))
    run = load(measured.folder)
    with torch.no_grad():
        means = {site: q.mean for site, q in run.posterior("test", rows).items() if site != "y"}
        code = torch.cat([means.pop("c"), *means.values()], -1)
        y = torch.tensor([[0.0], [1.0]], device=run.pair.device).expand(2, len(run.data.classes))
        prior = run.pair.model.prior.conditional(y).base_dist
        loc, scale = prior.loc.cpu(), prior.scale.cpu()
    batch = run.split("test", rows)
    return Pictured(run, place(set_name), cast(Tensor, batch.y), code, loc, scale)


def draw_swaps(of: Pictured) -> "Figure":
    """Rows of different labels with the style of others: {c of A, z of B}."""
    first = different(of.y, ROWS)
    second = [n for n in range(len(of.y)) if n not in first][:ACROSS]
    C = sum(map(len, of.blocks))
    code = of.code[second].repeat(len(first), 1, 1)  # [M, N, D]
    code[..., :C] = of.code[first][:, None, :C]
    return swap_matrix(
        of.run.decode(of.code[first]),
        of.run.decode(of.code[second]),
        of.run.decode(code),
        [of.has(n) for n in first],
        title=f"{of.title}: the characteristics of A with the style of B",
    )


def different(y: Tensor, most: int) -> list[int]:
    """The first rows of so many different labels.

    Example:
        >>> different(torch.tensor([[0, 1], [0, 1], [1, 1]]), 6)
        [0, 2]
    """
    found: dict[tuple[int, ...], int] = {}
    for n, labels in enumerate(y.long().tolist()):
        found.setdefault(tuple(labels), n)
    return sorted(found.values())[:most]


def draw_traversals(of: Pictured, row: int = 0) -> "Figure":
    """One image, block by block, from a scale before the prior of false to a scale beyond that of true."""
    code = of.code[row].repeat(len(of.blocks), STEPS, 1)
    for label, block in enumerate(of.blocks):
        code[label][:, block] = of.levels(label)
    told = torch.stack([believed(of, code[label])[:, label] for label in range(len(of.blocks))])
    names = ["false − s", "false", *[""] * (STEPS - 4), "true", "true + s"]
    return traversal_grid(
        of.run.decode(code),
        of.labels,
        names,
        {"q(y = 1 given c)": told},
        title=f"{of.title}: one block moves, the others stay",
        value_name="block, from the prior of an absent label to that of a present one; s: its standard deviation",
    )


@torch.no_grad()
def believed(of: Pictured, code: Tensor) -> Tensor:
    """Probabilities ``[N, L]`` that the classifier reads off codes ``[N, D]``."""
    C = sum(map(len, of.blocks))
    posterior = without_factors(of.run.pair.guide).posterior
    return posterior.label(code[:, :C].to(of.run.pair.device)).mean.cpu()


def draw_two_labels(of: Pictured, two: tuple[int, int], row: int = 0, steps: int = 7) -> "Figure":
    """One image with two blocks moved at once."""
    names = ["false − s", "false", *[""] * (steps - 4), "true", "true + s"]
    blocks = (of.blocks[two[0]], of.blocks[two[1]])
    images = traverse_grid(of.run.decode, of.code[row], blocks, of.levels(two[0], steps), of.levels(two[1], steps))
    title = f"{of.title}: {of.labels[two[0]]} and {of.labels[two[1]]}"
    return two_label_grid(images, names, names, (of.labels[two[0]], of.labels[two[1]]), title=title)


def draws(of: Pictured, label: int, number: int) -> Tensor:
    """Values ``[S, B]`` of a block from its prior given that the label is there; the same each time."""
    block = of.blocks[label]
    noise = torch.randn(number, len(block), generator=torch.Generator().manual_seed(0))
    return of.loc[1, block] + of.scale[1, block] * noise


def draw_diverse(of: Pictured, row: int = 0) -> "Figure":
    """One image with each label put on in turn, in several ways: the block drawn from p(c | y = 1), the rest kept."""
    _, high, wide = of.run.data.shape
    figure, axes = strips([of.labels], ACROSS, high / wide, f"{of.title}: each label put on, drawn anew")
    code = of.code[row].repeat(len(of.blocks), ACROSS, 1)
    for label, block in enumerate(of.blocks):
        code[label][:, block] = draws(of, label, ACROSS)
    for tiles, images in zip(axes, to_pixels("images", of.run.decode(code)), strict=True):
        for tile, image in zip(tiles, images, strict=True):
            show(tile, image)
    return figure


def draw_variance(of: Pictured) -> "Figure":
    """Where the pixels differ when a block is drawn from p(c | y = 1), and the rest kept."""
    code = of.code[different(of.y, ACROSS)]
    found = {
        name: variance_map(of.run.decode, code, of.blocks[label], draws(of, label, DRAWS)[:, None]).variance
        for label, name in enumerate(of.labels)
    }
    return variance_grid(of.run.decode(code), found, title=f"{of.title}: where each block draws")


def told_most(study: Study, set_name: str, method: str) -> tuple[int, int]:
    """The two labels whose blocks hold the most information, in the labels' order; the first two if nobody measured."""
    information = study.mean(set_name, method, "block information")
    if information is None:
        return 0, 1
    first, second = sorted(np.argsort(-information, kind="stable")[:2].tolist())
    return first, second
