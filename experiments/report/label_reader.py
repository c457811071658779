"""Labels read off images by a run's own guide."""

from typing import Any

import torch
from torch import Tensor

from ...data import Batch, Batches
from ...distributions import at_site
from ...inference import Run
from ...inference.training.encode import encode
from .classified import probabilities

__all__ = ["LabelReader"]


class LabelReader:
    """The guide's probability of each label of any images.

    Args:
        run: the run.
        site: of its labels.
    """

    def __init__(self, run: Run, site: str):
        self.run, self.site = run, site

    def read(self, images: Tensor) -> Tensor:
        """Probabilities ``[N, L]`` of the attributes, or ``[N, K]`` of the classes, for images ``[N, C, H, W]``."""
        batches = Batches(Batch(images.float()), 1000, device=self.run.pair.device)
        with torch.random.fork_rng([]):  # the guide draws its codes, which is nobody's business
            p = probabilities(encode(self.run.pair, batches)[self.site])
        return p[..., 1] if p.ndim == 3 else p

    def completed(self, batch: Batch, q: Any) -> Tensor:
        """The labels of rows, ``[N]`` or ``[N, L]``; the most probable one under q(y | x) where they are not known."""
        guess = probabilities(q).argmax(-1)
        y, known = at_site(self.site, batch.y), at_site(self.site, batch.labelled)
        if y is None:
            return guess
        if known is None:
            return y.long()
        known = known.reshape(known.shape + (1,) * (y.ndim - known.ndim))
        return torch.where(known, torch.where(known, y, 0).long(), guess)
