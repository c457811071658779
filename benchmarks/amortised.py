"""``python -m benchmarks.amortised``: what a guide that makes itself costs beside the same guide written by hand.

Gradient steps on grey images of 28 pixels, batch 128, networks of 400 units, fused Adam; ratios of medians over
interleaved rounds. Captured steps run no Pyro, so that the two should cost the same; eager ones show what the guide
itself adds.
"""

import argparse
import statistics
from collections.abc import Callable

import torch

from benchmarks.characteristic import Rows
from benchmarks.columns import head, line
from benchmarks.machine import machine
from benchmarks.steps import captured, eager
from benchmarks.timing import calls_for, interleaved, ratio
from pellucid import Batch, Pair, zoo
from pellucid.guides.independent import IndependentPosterior
from pellucid.models import MixturePrior, NormalPrior, SpikeAndSlabPrior
from pellucid.networks import MLPEncoder

SIZE, TURN = 128, 0.1
LIKE = Rows((1, 28, 28), tuple(map(str, range(10))), attributes=False)


def classes(posterior: bool) -> Pair:
    """Ten classes on a circle, the code read off the image alone."""
    made = zoo.compose(LIKE, prior=MixturePrior(10, 10))
    if not posterior:
        return made
    return zoo.compose(
        LIKE, prior=MixturePrior(10, 10), posterior=lambda shape: IndependentPosterior(MLPEncoder(shape), 10, 10)
    )


PAIRS: dict[str, tuple[Callable[[], Pair], Callable[[], Pair]]] = {
    "vae, 50 dimensions": (lambda: zoo.vae(LIKE, dim=50), lambda: zoo.compose(LIKE, prior=NormalPrior(50))),
    "vsc, 60 dimensions": (lambda: zoo.vsc(LIKE, dim=60), lambda: zoo.compose(LIKE, prior=SpikeAndSlabPrior(60))),
    "ten classes, half labelled": (lambda: classes(True), lambda: classes(False)),
}


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.amortised", description=(__doc__ or "").split(": ", 1)[1]
    )
    parser.add_argument("--rounds", type=int, default=15, help="turns of each competitor")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--markdown", action="store_true", help="for a page")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(machine() + "\n", flush=True)
    names = ["made by itself / written by hand", "by hand, captured, ms", "captured", "eager"]
    print(head(names, 34, options.markdown), flush=True)
    for name, (written, made) in PAIRS.items():
        torch._dynamo.reset()
        torch.manual_seed(0)
        labelled = "labelled" in name
        y, known = torch.randint(10, (SIZE,)), torch.arange(SIZE) % 2 == 0
        batch = Batch(torch.rand(SIZE, *LIKE.shape), y if labelled else None, known if labelled else None)
        steps = {
            f"{who} {how.__name__}": how(make(), batch)
            for how in (captured, eager)
            for who, make in (("hand", written), ("made", made))
        }
        times = interleaved(steps, options.rounds, calls_for(steps["hand captured"], TURN))
        cells = [f"{statistics.median(times['hand captured']):.2f}"]
        cells += [f"{ratio(times[f'made {how}'], times[f'hand {how}']):.2f}" for how in ("captured", "eager")]
        print(line([name, *cells], names, 34, options.markdown), flush=True)


if __name__ == "__main__":
    main()
