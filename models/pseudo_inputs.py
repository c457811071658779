"""The learned prior of variational sparse coding: the encoder's own posterior at learned pseudo-inputs."""

import math
import warnings
from collections.abc import Sequence
from typing import Any, cast

import pyro
import pyro.distributions as dist
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ..distributions import EPS, Labels, SpikeAndSlab
from ..mode import evaluation_mode
from ..program import Program

__all__ = ["PseudoInputPrior"]


class PseudoInputPrior(Program):
    r"""p(z) is the posterior of one of U learned images, its gates squashed.

    .. math:: p(z \mid u) = \prod_j \big[ \hat\gamma_{uj}\, N(z_j; \mu_{uj}, \sigma_{uj}^2)
        + (1 - \hat\gamma_{uj})\, \delta_0(z_j) \big], \qquad
        \hat\gamma_{uj} = S\big(\nu (\gamma_{uj} - \tfrac12)\big)

    with :math:`\gamma_u, \mu_u, \sigma_u` the encoder's heads at the pseudo-input :math:`x_u`, an image of sigmoids of
    free parameters. Which u a row gets is told in one of two ways:

    - **With a** ``selector``, a network C, row x gets :math:`u^* = \arg\max_u C_u(x)`, and nothing is charged for the
      choice: the source's form. In the backward pass the choice is the softmax of C(x): a straight-through one-hot
      (our reading; a softmax that blends posteriors trains with a prior that no pseudo-input has). The prior then
      depends on x, and neither the evidence bound nor an importance-weighted one bounds the log p(x) of one model. Less
      :math:`\log U` both do, that of the mixture below, for
      :math:`p(z \mid u^*) \le U \cdot \frac1U \sum_u p(z \mid u)`.
    - **Without one**, u is a latent site with :math:`p(u) = 1 / U`, so that p(z) is a mixture of U posteriors and
      bounds are bounds. The guide then holds a site "u" as well:
      :class:`~pellucid.guides.SelectingPosterior` enumerates it, and the selector is a variational classifier.

    Without an image, as in the prior predictive, u is uniform in both (our reading).

    The posterior is used as it is in evaluation, whatever the mode: plain spike-and-slabs without the slab's warm-up,
    which is a matter of the training draw and not of the model (our reading); layers such as batch normalisation do not
    see the pseudo-inputs as a batch. It is one module with the guide's: gradients reach it from both sides, and so do
    those of the pseudo-inputs through it.

    Args:
        posterior: the guide's own posterior; its ``encode(x)`` is a spike-and-slab in evaluation mode.
        shape: of one image.
        selector: maps ``[B, *shape]`` to the scores ``[B, U]`` of the source's form; None for the mixture.
        pseudo_inputs: U.
        alpha: the share of open gates that is aimed at, in (0, 1). The prior only compares it with what its squashed
            gates can reach: it acts through :class:`~pellucid.inference.AggregateSparsity`.
        nu: slope of the squash, positive.

    Raises:
        ValueError: if ``pseudo_inputs``, ``alpha`` or ``nu`` leaves its range; when it is run, if the posterior is no
            spike-and-slab or the selector does not give U scores.

    Warns:
        UserWarning: if squashed gates, which lie between S(-nu/2) and S(nu/2), cannot reach ``alpha``.

    References:
        Tonolini, Jensen, Murray-Smith, Variational Sparse Coding (UAI 2019): the prior at pseudo-inputs, its selector
        and the squash with nu = 10. Tomczak, Welling (arXiv 1705.07120): the mixture.

    Example:
        >>> from pellucid.guides import SpikeAndSlabPosterior
        >>> from pellucid.networks import MLPEncoder
        >>> prior = PseudoInputPrior(SpikeAndSlabPosterior(MLPEncoder((1, 8, 8)), dim=4), (1, 8, 8), pseudo_inputs=5)
        >>> prior.images.shape, prior.gates().shape
        (torch.Size([5, 1, 8, 8]), torch.Size([5, 4]))
    """

    def __init__(
        self,
        posterior: nn.Module,
        shape: Sequence[int],
        *,
        selector: nn.Module | None = None,
        pseudo_inputs: int = 20,
        alpha: float = 0.05,
        nu: float = 10.0,
    ):
        super().__init__()
        if pseudo_inputs < 1:
            raise ValueError(f"pseudo_inputs: expected at least 1; given {pseudo_inputs}. Try 20.")
        if not 0 < alpha < 1:
            raise ValueError(f"alpha: expected a probability strictly between 0 and 1; given {alpha}. Try alpha=0.05.")
        if nu <= 0:
            raise ValueError(f"nu: expected a positive slope; given {nu}. Try nu=10.")
        lowest = 1 / (1 + math.exp(nu / 2))
        if not lowest <= alpha <= 1 - lowest:
            warnings.warn(
                f"PseudoInputPrior: gates squashed with nu={nu:g} stay between {lowest:.4g} and {1 - lowest:.4g}, so "
                f"alpha={alpha:g} cannot be reached. Try a larger nu, or an alpha inside.",
                stacklevel=2,
            )
        self.posterior, self.selector, self.alpha, self.nu = posterior, selector, alpha, nu
        self.pixels = nn.Parameter(torch.randn(pseudo_inputs, *shape))

    @property
    def images(self) -> Tensor:
        """The pseudo-inputs ``[U, *shape]``, in (0, 1)."""
        return self.pixels.sigmoid()

    def components(self) -> SpikeAndSlab:
        """p(z | u) for every u: batch ``[U, D]``, event ``()``."""
        with evaluation_mode(self.posterior):
            q = cast(Any, self.posterior).encode(self.images)
        q = getattr(q, "base_dist", q)
        if not isinstance(q, SpikeAndSlab):
            raise ValueError(
                f"posterior: expected a spike-and-slab from encode(x); {type(self.posterior).__name__} gives "
                f"{type(q).__name__}.\nTry one of:\n- SpikeAndSlabPosterior\n- NormalPrior for a dense code"
            )
        gate = (self.nu * (q.gate - 0.5)).sigmoid().clamp(EPS, 1 - EPS)
        return SpikeAndSlab(gate, q.loc, q.scale)

    def gates(self) -> Tensor:
        """Squashed gates of the pseudo-inputs, ``[U, D]``."""
        return self.components().gate

    def select(self, x: Tensor) -> Tensor | None:
        """The selector's choice for each row, one-hot ``[B, U]`` with the softmax's gradient; None without one."""
        if self.selector is None:
            return None
        soft = self.selector(x).softmax(-1)
        if soft.shape[-1] != len(self.pixels):
            raise ValueError(
                f"selector: expected one score for each of {len(self.pixels)} pseudo-inputs; given {soft.shape[-1]}.\n"
                f"Try one of:\n- pseudo_inputs={soft.shape[-1]}\n- a last layer of {len(self.pixels)} outputs"
            )
        hard = one_hot(soft.argmax(-1), soft.shape[-1])
        return hard + (soft - soft.detach())

    def forward(self, y: Labels = None, labelled: Labels = None, choice: Tensor | None = None) -> Tensor:
        """Sample site "z" ``[B, D]``, and site "u" ``[B]`` before it if there is no choice; labels play no part.

        Args:
            y: unused.
            labelled: unused.
            choice: one-hot ``[B, U]``, as :meth:`select` gives it.
        """
        if choice is None:
            count = len(self.pixels)
            u = pyro.sample("u", dist.Categorical(logits=self.pixels.new_zeros(count)))
            choice = one_hot(u, count).to(self.pixels)
        p = self.components()
        p = SpikeAndSlab(choice @ p.gate, choice @ p.loc, choice @ p.scale)
        return pyro.sample("z", p.to_event(1))
