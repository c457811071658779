"""By what a method can be taken hold of: the coordinates of its code that each label has to itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from ...data import Batch, Batches
from ...distributions import label_vector
from ...guides import CharacteristicPosterior, M2Posterior, MVAEPosterior
from ...inference import Run
from ...inference.evaluation import evaluating
from ...inference.factor import without_factors
from ...inference.training.encode import encode
from .accuracy import label_log_probabilities

__all__ = ["Handle", "handle"]


@dataclass(frozen=True)
class Handle:
    """Codes of N rows in coordinates of which some belong to labels.

    Attributes:
        z: ``[N, D]``: posterior means.
        decode: from coordinates to mean images.
        blocks: the dimensions of each label, or class.
        style: the others.
        told: what the image tells of the labels' dimensions, in their order: a distribution of batch ``[N, C]``.
        style_told: alike of the others; None if they are no site of the guide.
        draw: from S and labels ``[N]`` or ``[N, L]`` to the labels' dimensions as the model draws them, ``[S, N, C]``.
    """

    z: Tensor
    decode: Callable[[Tensor], Tensor]
    blocks: list[list[int]]
    style: list[int]
    told: Any
    style_told: Any
    draw: Callable[[int, Tensor], Tensor]


def handle(run: Run, x: Tensor) -> Handle:
    """The handle of a run on rows; labels withheld.

    - **CCVAE, DIVA**: the blocks of the code.
    - **M2**: the entries of the label vector that the decoder takes, q(y | x) as they are, beside the mean of
      q(z | x, y) at the most probable labels.
    - **MVAE**: the logits' coordinates :math:`t = W z`, and what they leave, :math:`z - W^+ t`. Moving one of them
      moves z along the one direction that changes that logit, and no other.

    Args:
        run: of ``zoo.ccvae``, ``diva``, ``m2`` or ``mvae``.
        x: ``[N, C, H, W]``.

    Raises:
        ValueError: for another pair.
    """
    posterior = without_factors(run.pair.guide).posterior
    kinds = {CharacteristicPosterior: of_characteristics, M2Posterior: of_label_vector, MVAEPosterior: of_directions}
    for kind, made in kinds.items():
        if isinstance(posterior, kind):
            with evaluating(run.pair):
                return made(run, posterior, x)
    raise ValueError(
        f"measure: {type(posterior).__name__} keeps no part of its code for each label.\n"
        "Try one of:\n- zoo.ccvae, zoo.diva, zoo.m2 or zoo.mvae"
    )


def of_characteristics(run: Run, posterior: Any, x: Tensor) -> Handle:
    """The blocks of CCVAE and of DIVA."""
    q, prior = encode(run.pair, Batches(Batch(x), 1000, device=run.pair.device)), cast(Any, run.pair.model.prior)
    c, style = cast(Any, q["c"]), cast(Any, q.get("z"))
    z = c.mean if style is None else torch.cat([c.mean, style.mean], -1)

    def draw(samples: int, y: Tensor) -> Tensor:
        return prior.conditional(y.to(run.pair.device)).sample((samples,)).cpu()

    rest = list(range(c.mean.shape[1], z.shape[1]))
    return Handle(z, run.decode, prior.blocks, rest, c.base_dist, None if style is None else style.base_dist, draw)


def of_label_vector(run: Run, posterior: Any, x: Tensor) -> Handle:
    """The labels that M2 decodes."""
    h = posterior.encoder(x.to(run.pair.device))
    q = label_log_probabilities(posterior.label(h))
    said, attributes = q.argmax(-1), posterior.classes is None
    probability = (q[..., 1] if attributes else q[:, 0]).exp().cpu()
    code = posterior.code(h, said.to(h) if attributes else said[:, 0])
    labels, z = probability.shape[1], torch.cat([probability, code.mean.cpu()], -1)

    def draw(samples: int, y: Tensor) -> Tensor:
        return label_vector(y, posterior.classes, z.dtype).expand(samples, -1, -1)

    told, style = torch.distributions.Bernoulli(probability), code.base_dist
    style = torch.distributions.Normal(style.loc.cpu(), style.scale.cpu())
    return Handle(z, run.decode, columns(labels), list(range(labels, z.shape[1])), told, style, draw)


def of_directions(run: Run, posterior: Any, x: Tensor) -> Handle:
    """The directions of the code that MVAE reads its labels off."""
    weight = posterior.classifier.weight.detach().cpu()  # [L, D]
    back, labels = torch.linalg.pinv(weight).T, len(weight)  # [L, D]

    def read(q: Any) -> torch.distributions.Normal:
        return torch.distributions.Normal(q.mean.cpu() @ weight.T, (q.variance.cpu() @ weight.square().T).sqrt())

    def draw(samples: int, y: Tensor) -> Tensor:
        with torch.no_grad():
            return read(posterior.given(None, y.to(run.pair.device))).sample((samples,))

    q = posterior.given(x.to(run.pair.device))
    mean, told = q.mean.cpu(), read(q)
    z = torch.cat([told.mean, mean - told.mean @ back], -1)
    return Handle(
        z=z,
        decode=lambda z: run.decode(z[:, :labels] @ back + z[:, labels:]),
        blocks=columns(labels),
        style=list(range(labels, z.shape[1])),
        told=told,
        style_told=None,
        draw=draw,
    )


def columns(labels: int) -> list[list[int]]:
    """A dimension a label."""
    return [[label] for label in range(labels)]
