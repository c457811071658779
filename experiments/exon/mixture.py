"""What a run has made of the latent space that was laid out for it."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...diagnostics.subspace import activated_subspace, decode_plane, ssim, v_nat, variation_cost
from ...inference import Run
from ..report.mixture.components import mixture_components
from .overlap import aggregate, overlap
from .reconstruction import IN_SOURCE_UNITS

__all__ = ["diversity", "measure_mixture", "reach", "separation"]

VARIED = 100  # rows whose dimensions are varied
STEPS = 31  # of the source's grid
PAIRS = 20_000  # of its images that are compared: by a third of a thousandth as good as all 461 280


def measure_mixture(run: Run, x: Tensor, y: Tensor, probability: Tensor) -> dict[str, Any]:
    """The figures of a mixture's codes.

    Args:
        run: of a pair with a :class:`~pellucid.models.MixturePrior` and its posterior.
        x: ``[N, C, H, W]``.
        y: their classes ``[N]``.
        probability: q(y | x), ``[N, K]``, labels withheld.

    Returns:
        - "separation": share of rows whose code, of the most probable class, lies nearest to the own class's centre;
        - "v-nat" ``[K, D]``, given the own class; "activated", the mean over classes of the dimensions above 1 nat,
          "union", those so for one class or more, "dimensions", D;
        - "change": half the squared change of an image at a step of the prior's standard deviation, in the source's
          units: along each "dimension", mean over the "active" of the row's own class, and over the "inactive";
        - of two dimensions "diversity", and of two classes "overlap".
    """
    found = mixture_components(run, x)
    if found is None:
        raise ValueError(f"measure: expected a mixture of Normals; given {run.config['pair']['class_path']}.")
    prior, posterior = found
    loc, scale, mean, spread = prior.mean, prior.stddev, posterior.mean, posterior.stddev
    code = mean[torch.arange(len(x)), probability.argmax(-1)]
    own = v_nat(spread.square(), y, scale.square(), classes=len(loc))
    subspace = activated_subspace(own)
    met = subspace.activated[own.rows > 0]
    step, pixels = scale.mean(0), x[0].numel()
    cost = variation_cost(run.decode, code[:VARIED], step, subspace.activated[y[:VARIED].numpy()])
    unit = IN_SOURCE_UNITS / 2 * pixels
    figures: dict[str, Any] = {
        "separation": separation(code, y, loc, scale),
        "v-nat": own.value,
        "activated": met.sum(1).mean(),
        "union": subspace.count,
        "dimensions": loc.shape[1],
        "change": {name: unit * getattr(cost, name) for name in ("dimension", "active", "inactive")},
    }
    if loc.shape[1] == 2:
        edge = reach(loc, scale)
        plane = decode_plane(run.decode, loc[0], (-edge, edge), steps=STEPS)
        figures["diversity"] = diversity(plane.images.reshape(-1, *x.shape[1:]))
    if len(loc) == 2:
        first, second = (aggregate(probability[y == k], mean[y == k], spread[y == k]) for k in range(2))
        figures["overlap"] = overlap(first, second)
    return figures


def separation(code: Tensor, y: Tensor, loc: Tensor, scale: Tensor) -> float:
    """Share of codes ``[N, D]`` that lie nearer to their own class's centre than to any other, in standard deviations.

    Args:
        code: ``[N, D]``.
        y: ``[N]``.
        loc: centres ``[K, D]``.
        scale: standard deviations ``[K, D]``.

    Example:
        >>> centres = torch.tensor([[0.0, 0.0], [4.0, 0.0]])
        >>> separation(torch.tensor([[1.0, 9.0], [3.0, 0.0]]), torch.tensor([0, 0]), centres, torch.ones(2, 2))
        0.5
    """
    distance = ((code[:, None] - loc) / scale).square().sum(-1)
    return float((distance.argmin(-1) == y).double().mean())


def reach(loc: Tensor, scale: Tensor) -> float:
    """Half the side of the square that is looked at: a standard deviation beyond the farthest centre, rounded up.

    Example:
        >>> from pellucid.models.layouts import circle
        >>> reach(circle(10, apart=8.0), torch.full((10, 2), 2.0))  # the source's
        15.0
    """
    return float((loc.norm(dim=1) + scale.amax(1)).max().ceil())


def diversity(images: np.ndarray, pairs: int = PAIRS) -> float:
    """Half of one minus the mean structural similarity, over pairs of different images drawn from the global generator.

    :func:`pellucid.diagnostics.subspace.generation_diversity` takes all pairs, some seconds for the source's grid.

    Args:
        images: ``[N, C, H, W]``, pixels in [0, 1].
        pairs: how many.

    Example:
        >>> diversity(np.ones((3, 1, 16, 16)))
        0.0
    """
    first = torch.randint(len(images), (pairs,))
    second = (first + torch.randint(1, len(images), (pairs,))) % len(images)
    window = min(11, (min(images.shape[-2:]) - 1) // 2 * 2 + 1)
    parts = zip(first.split(1000), second.split(1000), strict=True)
    similar = np.concatenate([ssim(images[a.numpy()], images[b.numpy()], window=window) for a, b in parts])
    return float((1 - similar.mean()) / 2)
