"""The generative program: a prior, a decoder and a likelihood in one data plate."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, cast

import pyro
import torch
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor, nn

from ..distributions import Labels
from ..program import Program
from .likelihood import Likelihood

__all__ = ["LatentModel"]


class LatentModel(Program):
    r"""p(z) p(x | z), with labels as sites of the prior.

    .. math:: z_n \sim \text{prior}(y_n), \qquad x_n \sim \text{likelihood}(\text{decoder}(z_n)), \qquad n = 1 \dots N

    The model opens the one plate ``"data"`` of size ``n_data``; a batch is a subsample of it. A latent that belongs to
    the whole data set (a hyperprior, a table of classes) is sampled in the prior's optional method ``shared()``,
    outside the plate: it is then counted once per data set, not once per batch. What ``shared()`` returns is handed to
    ``prior.forward`` as its third argument.

    A prior that looks at the image, as one at pseudo-inputs may, does so in its optional method ``select(x)``; what it
    returns is handed to ``prior.forward`` as its last argument. Without an image it is not called, and the prior draws
    what it would have selected. A density that hangs on a selection is one of z given x: bounds under it are no bounds
    on one log p(x).

    Args:
        prior: module whose ``forward(y, labelled)`` samples the label sites and returns ``z`` ``[B, D]``.
        decoder: maps ``z`` ``[..., D]`` to the likelihood's parameters ``[..., C, H, W]``.
        likelihood: maps those parameters to the distribution of ``x``.
        n_data: rows in the training set.

    Example:
        >>> from pellucid.models import Bernoulli, NormalPrior
        >>> from pellucid.networks import MLPDecoder
        >>> model = LatentModel(NormalPrior(8), MLPDecoder(8, (1, 28, 28)), Bernoulli(), n_data=5000)
        >>> model(rows=3).shape  # no data: a draw from the prior predictive
        torch.Size([3, 1, 28, 28])
    """

    def __init__(self, prior: nn.Module, decoder: nn.Module, likelihood: Likelihood, n_data: int):
        super().__init__()
        if n_data < 1:
            raise ValueError(
                f"n_data: expected the number of rows of the training set, at least 1; given {n_data}. Try "
                "n_data=len(x)."
            )
        self.prior, self.decoder, self.likelihood, self.n_data = prior, decoder, likelihood, n_data

    def forward(
        self, x: Tensor | None = None, y: Labels = None, labelled: Labels = None, *, rows: int | None = None
    ) -> Tensor:
        """Run the program for a batch, or draw from the prior predictive when ``x`` is None.

        Args:
            x: ``[B, C, H, W]`` observed images, or None to draw them.
            y: ``[B]``, ``[B, L]`` or a dict from label site to tensor; slots where ``labelled`` is False may hold
                anything.
            labelled: boolean mask shaped like ``y``; None with ``y`` given means that all rows are.
            rows: how many rows to draw when neither ``x`` nor ``y`` says so; 1 if omitted.

        Returns:
            ``[B, C, H, W]``: ``x`` itself, or the draw.

        Raises:
            ValueError: under Pyro's validation, when ``x`` lies outside the likelihood's support.
        """
        if x is not None and pyro.settings.get("validate_distributions_torch") and not torch.compiler.is_compiling():
            self.likelihood.check(x)
        with self.code(x, y, labelled, rows=rows) as z:
            return pyro.sample("x", self.decode(z), obs=x)

    @contextmanager
    def code(
        self, x: Tensor | None = None, y: Labels = None, labelled: Labels = None, *, rows: int | None = None
    ) -> Iterator[Tensor]:
        """Run the prior alone and give what it returns, ``z`` ``[..., D]``, inside the plate "data".

        Args:
            x: as :meth:`forward` takes it; only a prior with a method ``select`` looks at it.
            y: labels.
            labelled: boolean mask.
            rows: how many rows to draw when neither ``x`` nor ``y`` says so.

        Example:
            >>> from pellucid.models import Bernoulli, NormalPrior
            >>> from pellucid.networks import MLPDecoder
            >>> with LatentModel(NormalPrior(8), MLPDecoder(8, (1, 28, 28)), Bernoulli(), 5000).code(rows=3) as z:
            ...     z.shape
            torch.Size([3, 8])
        """
        shared = (cast(Any, self.prior).shared(),) if hasattr(self.prior, "shared") else ()
        selected = (cast(Any, self.prior).select(x),) if x is not None and hasattr(self.prior, "select") else ()
        anchor = next((t for t in (x, *(y.values() if isinstance(y, dict) else (y,))) if t is not None), None)
        count = (rows or 1) if anchor is None else anchor.shape[0]
        index = torch.arange(count, device=self.device if anchor is None else anchor.device)
        with pyro.plate("data", max(self.n_data, count), subsample=index, dim=-1):
            yield self.prior(y, labelled, *shared, *selected)

    def decode(self, z: Tensor) -> TorchDistribution:
        """The likelihood p(x | z): batch ``[...]``, event ``[C, H, W]``, for ``z`` ``[..., D]``."""
        return self.likelihood(self.decoder(z))

    @property
    def device(self) -> torch.device:
        """Where the parameters and buffers are; torch's default for a model without any."""
        return next(chain(self.parameters(), self.buffers()), torch.empty(0)).device
