"""Pictures made from the runs themselves: the stem of informations, traversals, and images from the top kept."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from ...diagnostics import INFORMATIVE, Information, drawn_by, influential, keep_only, traverse
from ...diagnostics.figures import accuracy_curve, estimator_scatter, information_stem, kept_grid, traversal_grid
from ...inference import Run, load
from ..rows import encoded
from ..study import Study
from .reference import ACCURACY, GENERATED, STEPS
from .variants import titled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "draw_accuracy",
    "draw_generation",
    "draw_reconstructions",
    "draw_scatter",
    "draw_stem",
    "draw_traversals",
]

TOP, SHOWN, ROWS = 10, 8, 500
WAYS = {
    "top": "most informative",
    "random": "random",
    "bottom": "least informative",
}


def first(study: Study, set_name: str, variant: str) -> tuple[dict, Run]:
    """The figures and the run of the lowest seed."""
    measured = next(iter(study.of(set_name, variant).values()))
    return measured.figures, load(measured.folder)


def exact(figures: dict) -> Information:
    """The informations as they were measured."""
    value, error = (np.array(figures[key], dtype=float) for key in ("information", "standard_error"))
    return Information(value, error, figures["rows"], "exact")


@torch.no_grad()
def draw_stem(study: Study, set_name: str, variant: str) -> "Figure":
    """Information of each dimension over the variance of the aggregate, coloured by class, with what each one draws."""
    figures, run = first(study, set_name, variant)
    information = exact(figures)
    z = encoded(run, run.split("test", ROWS)).code.z
    chosen = influential(information, threshold=INFORMATIVE).tolist()
    is_image = len(run.data.shape) == 3 and run.data.name != "deap"
    drawn = np.zeros((len(information.value), *run.data.shape), dtype=np.float32) if is_image else None
    if chosen and drawn is not None:
        drawn[chosen] = drawn_by(run.decode, z, chosen)
    specificity = np.array(figures["label"]) / figures["label entropy"] if "label" in figures else None
    return information_stem(
        information,
        variance=np.array(figures["variance"]),
        specificity=specificity,
        pictures=drawn,
        threshold=INFORMATIVE,
        title=f"{set_name}, {titled(study, set_name, variant)}: what each dimension tells",
    )


def draw_traversals(study: Study, set_name: str, variant: str) -> "Figure":
    """A test image whose most informative dimensions are moved one by one, and the least informative one."""
    figures, run = first(study, set_name, variant)
    order = influential(exact(figures), k=figures["dim"])
    dimensions = [*map(int, order[:TOP]), int(order[-1])]
    z = encoded(run, run.split("test", 1)).code.z[0]
    labels = [f"z{j}, {figures['information'][j]:.2f} nats" for j in dimensions]
    return traversal_grid(
        traverse(run.decode, z, dimensions, STEPS),
        labels,
        STEPS,
        title=f"{set_name}: the top {len(labels) - 1} dimensions moved, and the last",
    )


def draw_reconstructions(study: Study, set_name: str, variant: str) -> "Figure":
    """Test rows decoded from their most informative dimensions only."""
    figures, run = first(study, set_name, variant)
    test = encoded(run, run.split("test", SHOWN))
    return kept_grid(
        decoded(run, test.code.z, figures),
        ks(figures),
        test.batch.x.numpy(),
        title=f"{set_name}: test rows, the top dimensions kept",
    )


def draw_generation(study: Study, set_name: str, variant: str) -> "Figure":
    """Draws of the prior decoded from their most informative dimensions only."""
    figures, run = first(study, set_name, variant)
    z = torch.randn(SHOWN, figures["dim"], generator=torch.Generator().manual_seed(0))
    title = f"{set_name}: draws of the prior, the top dimensions kept"
    return kept_grid(decoded(run, z, figures), ks(figures), title=title)


def ks(figures: dict) -> list[int]:
    """The source's numbers kept, and all dimensions."""
    return sorted({k for k in {*GENERATED, figures["dim"]} if k <= figures["dim"]}, reverse=True)


def decoded(run: Run, z: torch.Tensor, figures: dict) -> np.ndarray:
    """Images ``[N, K, ...]`` of codes ``[N, D]`` with so many of the most informative dimensions kept."""
    information = exact(figures)
    return torch.stack([run.decode(keep_only(z, influential(information, k=k))) for k in ks(figures)], 1).numpy()


def draw_accuracy(study: Study, set_name: str, variant: str, kind: str) -> "Figure":
    """Accuracy against the number kept, over all seeds and draws, the source's figures beside it."""
    found = list(study.values(set_name, variant, "accuracy").values())
    numbers = next(iter(study.values(set_name, variant, "ks").values()))
    curves = {title: np.concatenate([np.array(each[kind][way]).T for each in found]) for way, title in WAYS.items()}
    source = {"the source's, on MNIST": {k: share / 100 for k, share in ACCURACY.items()}}
    name = {"zeroed": "one classifier, the rest zeroed", "refit": "a classifier for each"}[kind]
    return accuracy_curve(
        numbers,
        curves,
        source if set_name.startswith("mnist") and kind == "zeroed" else None,
        chance=float(np.mean([each["majority"] for each in found])),
        title=f"{set_name}: {name}",
    )


def draw_scatter(study: Study, set_name: str, variant: str, seed: int) -> "Figure":
    """The approximate indicators of a run against its exact informations."""
    figures = study.of(set_name, variant)[seed].figures
    names = {"gaussian": "the paper's", "matched": "about the aggregate's mean", "kl": "KL to the prior"}
    return estimator_scatter(
        np.array(figures["information"]),
        {title: np.array(figures[key]) for key, title in names.items()},
        figures["rows"],
        title=f"{set_name}, {titled(study, set_name, variant)}, seed {seed}",
    )
