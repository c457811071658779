"""Pictures made from the runs themselves: heatmaps, shared dimensions, traversals, samples of a class, faces."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from ...diagnostics import Matching, active_matching, dimension_roles
from ...diagnostics.figures import gate_heatmap, matching_matrix, sample_grid, sharing_matrix
from ...inference import Run, load
from ..report.reading import read_run
from ..report.walks import walks
from ..rows import encoded
from .factors import activities
from .generation import draw_from_prior, draw_patterns
from .study import PLAIN, Study
from .tables import sharing
from .variants import titled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_faces_matching", "draw_heatmaps", "draw_samples", "draw_sharing", "draw_walks"]


def first_run(study: Study, set_name: str, variant: str) -> Run:
    """The variant's run with the lowest seed."""
    return load(next(iter(study.of(set_name, variant).values())).folder)


def draw_heatmaps(study: Study, set_name: str, variants: list[str]) -> "Figure":
    """Mean gate of each class in each dimension, one panel a variant, on one scale; the first seed."""
    panels, roles, classes = {}, {}, ()
    for variant in variants:
        figures = next(iter(study.of(set_name, variant).values())).figures["test"]
        mean, used = np.array(figures["class_gate"], dtype=float), np.array(figures["used_mask"])
        panels[titled(variant)], classes = mean, figures["classes"]
        roles[titled(variant)] = dimension_roles(mean, used)
    return gate_heatmap(panels, classes, roles, title=f"{set_name}: which dimensions mean what for which class")


def draw_sharing(study: Study, set_name: str, variant: str) -> "Figure | None":
    """The change of the classes' overlap against plain, the mean over seeds."""
    here, there = sharing(study, set_name, variant), sharing(study, set_name, PLAIN)
    both = here.keys() & there.keys()
    if not both:
        return None
    classes = next(iter(study.of(set_name, variant).values())).figures["test"]["classes"]
    change = np.mean([here[seed] - there[seed] for seed in both], 0)
    title = f"{titled(variant)}: overlap of classes, change against plain, mean of {len(both)} seeds"
    return sharing_matrix(change, classes, title, change=True)


def draw_walks(study: Study, set_name: str, variant: str) -> "Figure | None":
    """A global dimension and a class-specific one, each over three standard deviations, with what moves measured."""
    reading = read_run(first_run(study, set_name, variant))
    return None if reading.space is None else walks(reading, reading.space)


@torch.no_grad()
def draw_samples(study: Study, set_name: str, variant: str, samples: int = 10) -> "Figure":
    """Images drawn for each class, one row a class: from its own p(z | y), or from the gates of rows of the class."""
    run = first_run(study, set_name, variant)
    rows = encoded(run, run.split("test", 1000))
    part = next(iter(rows.parts.values()))
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        chosen = torch.cat([(part.known & (part.y == c)).nonzero()[:samples, 0] for c in part.y.unique()])
        images = draw_from_prior(run, rows.batch.y, chosen)
        if images is None and rows.code.gate is not None:
            images = draw_patterns(run, rows.code.gate, part, chosen)["row"]
    assert images is not None
    return sample_grid(images, f"{titled(variant)}: a row of images for each class", columns=samples)


def draw_faces_matching(study: Study, set_name: str, variant: str) -> "Figure | None":
    """Which used dimensions are active with which attribute of a face; the first seed."""
    run = first_run(study, set_name, variant)
    reading = read_run(run)
    space, y = reading.space, reading.batch.y
    if space is None or not isinstance(y, torch.Tensor) or not space.used.any():
        return None
    used = np.flatnonzero(space.used)
    found: list[Matching] = [active_matching(a[:, used], y) for a in activities(space.code).values()]
    best = max(found, key=lambda matching: matching.score)
    return matching_matrix(
        best, run.data.classes, f"{titled(variant)}: dimensions and attributes", dimensions=[int(j) for j in used]
    )
