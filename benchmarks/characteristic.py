"""``python -m benchmarks.characteristic``: what the bounds of characteristic latents add to a gradient step.

The first table is the source's set-up: colour images of 64 pixels, 18 labels, batches of 200 of which half are
labelled, convolutions, Laplace pixels. Milliseconds are those of the same networks trained as a plain autoencoder with
a linear classifier on the mean of its code; the other columns are ratios to it, medians over interleaved rounds. The
second table has next to no networks, so that what grows with the number of labels is seen; the third is of one label
with many classes. All steps are captured and compiled, forward and backward with a fused Adam.
"""

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, cast

import torch
from pyro.distributions import TorchDistribution
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from benchmarks.columns import head, line
from benchmarks.machine import machine
from benchmarks.steps import captured
from benchmarks.timing import calls_for, interleaved, ratio
from pellucid import Batch, Pair, zoo
from pellucid.distributions import Labels
from pellucid.inference import Factor

SIZE, STYLE, TURN = 200, 27, 0.1
COUNTS, CLASSES = (1, 5, 18, 40, 100), (10, 100)
CONVOLUTIONS = {"network": "conv", "likelihood": "laplace", "channels": (32, 32, 64, 128)}
FORMS: dict[str, Callable[..., Pair]] = {
    "exact": partial(zoo.ccvae, gradients="exact"),
    "tilted": partial(zoo.ccvae, gradients="tilted"),
    "official, 100 draws": partial(zoo.ccvae, gradients="official", draws=100, alpha=0.0),
    "diva": zoo.diva,
}


class Rows(NamedTuple):
    """What a pair needs to know of a data set."""

    shape: tuple[int, ...]
    classes: tuple[str, ...]
    attributes: bool
    n_data: int = 160_000

    def batch(self) -> Batch:
        """Noise, every other row labelled."""
        torch.manual_seed(0)
        size = (SIZE, len(self.classes)) if self.attributes else (SIZE,)
        y = torch.randint(2 if self.attributes else len(self.classes), size)
        return Batch(torch.rand(SIZE, *self.shape), y, torch.arange(SIZE) % 2 == 0)


def rows(shape: Sequence[int], labels: int, attributes: bool = True) -> Rows:
    """Rows with so many attributes, or classes."""
    return Rows(tuple(shape), tuple(map(str, range(labels))), attributes)


class LinearReading(Factor):
    """Cross-entropy of the labels read off the mean of the code, as one would write it."""

    def __init__(self, dim: int, like: Rows):
        super().__init__("reading")
        self.linear, self.attributes = nn.Linear(dim, len(like.classes)), like.attributes

    def forward(self, posterior: Mapping[str, TorchDistribution], y: Labels, labelled: Labels) -> Tensor:
        """Mean over labelled rows."""
        logits, y, known = self.linear(posterior["z"].mean), cast(Tensor, y), cast(Tensor, labelled)
        if self.attributes:
            each = binary_cross_entropy_with_logits(logits, y.to(logits.dtype), reduction="none").sum(1)
        else:
            each = cross_entropy(logits, y, reduction="none")
        return torch.where(known, each, 0.0).sum() / known.sum().clamp(min=1)


def plain(like: Rows, **options) -> Pair:
    """The autoencoder with a code of the same size, and the classifier."""
    dim = len(like.classes) + STYLE
    alone = zoo.vae(like, dim=dim, **options)
    return Pair(alone.model, alone.guide, [LinearReading(dim, like)])


def steps(like: Rows, forms: Mapping[str, Callable[..., Pair]], **options) -> dict[str, Callable[[], None]]:
    """The plain step and those of the forms."""
    torch._dynamo.reset()
    batch = like.batch()
    makers = {"plain": plain} | {name: partial(make, style=STYLE) for name, make in forms.items()}
    return {name: captured(make(like, **options), batch) for name, make in makers.items()}


def timed(like: Rows, rounds: int, forms: Mapping[str, Callable[..., Pair]], **options) -> dict[str, list[float]]:
    """Milliseconds a step, by name."""
    competitors = steps(like, forms, **options)
    return interleaved(competitors, rounds, calls_for(competitors["plain"], TURN))


def photographs(rounds: int, markdown: bool) -> None:
    """The source's set-up."""
    times = timed(rows((3, 64, 64), 18), rounds, FORMS, **CONVOLUTIONS)
    names = ["3 x 64 x 64, 18 labels, batch 200", "plain, ms", *FORMS]
    print(head(names, 36, markdown))
    cells = [
        f"{statistics.median(times['plain']):.0f}",
        *(f"{ratio(times[form], times['plain']):.3f}" for form in FORMS),
    ]
    print(line(["a step", *cells], names, 36, markdown) + "\n", flush=True)


def growth(
    counts: Sequence[int], what: str, forms: Mapping[str, Callable[..., Pair]], rounds: int, markdown: bool
) -> None:
    """Next to no networks: milliseconds more than the plain step."""
    names = [f"{what}, batch 200, 4 pixels", "plain, ms", *(f"{form}, ms more" for form in forms)]
    print(head(names, 36, markdown), flush=True)
    for count in counts:
        times = timed(rows((1, 2, 2), count, what == "labels"), rounds, forms, hidden=(8,))
        unit = times["plain"]
        more = (statistics.median(a - b for a, b in zip(times[form], unit, strict=True)) for form in forms)
        cells = [str(count), f"{statistics.median(unit):.2f}", *(f"{each:.2f}" for each in more)]
        print(line(cells, names, 36, markdown), flush=True)
    print()


def main() -> None:
    """The tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.characteristic", description=(__doc__ or "").split(": ", 1)[1]
    )
    parser.add_argument("--labels", type=int, nargs="*", default=COUNTS, help="of the second table")
    parser.add_argument("--classes", type=int, nargs="*", default=CLASSES, help="of the third table")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each competitor")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--markdown", action="store_true", help="for a page")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(machine() + "\n", flush=True)
    photographs(options.rounds, options.markdown)
    if options.labels:
        growth(options.labels, "labels", FORMS, options.rounds, options.markdown)
    if options.classes:
        several = {"quadrature": zoo.ccvae, "100 draws": partial(zoo.ccvae, draws=100), "diva": zoo.diva}
        growth(options.classes, "classes", several, options.rounds, options.markdown)


if __name__ == "__main__":
    main()
