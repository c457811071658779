"""Pictures of characteristic blocks: moved from one value of the label to the other, drawn anew, and exchanged."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ...diagnostics import swap, variance_map
from ...diagnostics.figures import swap_grid, traversal_grid, variance_grid
from .characteristics import Characteristics
from .exemplars import exemplars, has_images
from .picture import Drawn
from .reading import Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["characteristic_pictures"]

MOST, COLUMNS, DRAWS, PARTNERS = 20, 8, 64, 200  # labels; images across; draws of a block; rows to choose B from
STEPS = np.linspace(-0.5, 1.5, 9)


def characteristic_pictures(reading: Reading, found: Characteristics | None) -> Drawn:
    """What each block draws, by three interventions; nothing without blocks, or for rows that are no images.

    Args:
        reading: of the run.
        found: its blocks.
    """
    if found is None or reading.space is None or not has_images(reading):
        return
    z, section = reading.space.code.z, "characteristics"
    rest = f" The first {MOST} of {len(found.blocks)} labels." if len(found.blocks) > MOST else ""
    start = "One test row" if found.attributes else "One test row without any class"
    caption = (
        f"{start}, a label's block moved on the line through the means of its two priors, the other blocks as they "
        "are. Read off: the probability of the label that the guide finds in the picture." + rest
    )
    yield section, "characteristics", walk(reading, found, z), caption
    rows, _ = exemplars(reading, COLUMNS)
    caption = (
        "Standard deviation of each pixel over 64 draws of a label's block from its prior given the row's own label, "
        "the rest of the code as it is: the ways in which the model draws that label. First row: the images at the "
        "codes themselves." + rest
    )
    yield section, "variance", spread(reading, found, z[rows], found.y[rows]), caption
    caption = (
        "Images at the codes of two test rows, A and B, and at the code of A with a part of B's. A block that holds "
        "one label alone changes how the image of A shows that label, and nothing else." + rest
    )
    yield section, "swaps", swaps(reading, found, z, rows), caption


def walk(reading: Reading, found: Characteristics, z: Tensor) -> "Figure":
    """One row's code, a block of which passes from p(c | label absent) to p(c | label present) and somewhat beyond."""
    off, on = found.prior.ends(len(found.blocks), found.attributes)
    if found.attributes:
        code = z[found.y.sum(1).argmin()].clone()  # the row of fewest labels, so that those that appear are seen
    else:
        code = z[0].clone()
        code[[j for block in found.blocks.values() for j in block]] = off
    step = torch.from_numpy(STEPS).float()[:, None]
    images, read = [], []
    for place, block in enumerate(shown(found).values()):
        codes = code.repeat(len(STEPS), 1)
        codes[:, block] = (1 - step) * off[block] + step * on[block]
        images.append(reading.run.decode(codes))
        read.append(found.reader.read(images[-1])[:, place])
    names = [{0.0: "absent", 1.0: "present"}.get(step, f"{step:g}".replace("-", "−")) for step in STEPS.tolist()]
    return traversal_grid(
        torch.stack(images),
        list(shown(found)),
        names,
        {"read off (probability)": torch.stack(read)},
        title="A label's block moves, the rest stays",
        value_name="part of the way from the mean of the block's prior without the label to that with it",
    )


def spread(reading: Reading, found: Characteristics, z: Tensor, y: Tensor) -> "Figure":
    """Where the images of rows differ when the block of each label is drawn anew."""
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        maps = {
            label: variance_map(reading.run.decode, z, block, found.prior.draws(y, block, DRAWS)).variance
            for label, block in shown(found).items()
        }
    return variance_grid(reading.run.decode(z), maps, title="What each block draws, when drawn anew given its label")


def swaps(reading: Reading, found: Characteristics, z: Tensor, rows: Sequence[int]) -> "Figure":
    """Rows with blocks of other rows, whose labels differ as far as can be."""
    own = [j for block in found.blocks.values() for j in block]
    style = [j for j in range(z.shape[1]) if j not in own]
    parts = {**shown(found), "labels": own} if found.attributes else {"class": own}
    parts |= {"style": style} if style else {}
    partner = strangers(found.y, rows)
    code = z[[*rows, *partner]]
    turn = torch.arange(len(code)).roll(len(rows))
    whole = reading.run.decode(code)
    number = len(rows)
    return swap_grid(
        whole[:number],
        whole[number:],
        {name: swap(reading.run.decode, code, part, turn)[:number] for name, part in parts.items()},
        title="Swaps: A with a part of B's code",
    )


def strangers(y: Tensor, rows: Sequence[int]) -> list[int]:
    """For each row one of the first rows with which it has the fewest labels in common, in turn where there are many.

    Example:
        >>> strangers(torch.tensor([[0, 0], [1, 0], [1, 1], [1, 1]]), [0, 1, 0])
        [2, 0, 3]
    """
    few, met, chosen = y[:PARTNERS], dict[int, int](), []
    for row in rows:
        apart = (few != y[row]).reshape(len(few), -1).sum(1)
        best = (apart == apart.max()).nonzero()[:, 0].tolist()
        chosen.append(min(best, key=lambda other: met.get(other, 0)))
        met[chosen[-1]] = met.get(chosen[-1], 0) + 1
    return chosen


def shown(found: Characteristics) -> dict[str, list[int]]:
    """The blocks of the first labels."""
    return dict(list(found.blocks.items())[:MOST])
