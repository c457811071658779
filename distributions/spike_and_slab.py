"""The spike-and-slab: exactly 0 with one probability, a Normal with the other."""

import math
from collections.abc import Sequence
from typing import ClassVar, cast

import torch
from pyro.distributions import Normal, TorchDistribution
from torch import Tensor
from torch.distributions import constraints
from torch.distributions.utils import broadcast_all

__all__ = ["SpikeAndSlab"]


class SpikeAndSlab(TorchDistribution):
    r"""A Normal slab switched on with probability ``gate``, a point mass at 0 otherwise; elementwise, with hard draws.

    .. math::
        z = b \, (\mu + \sigma \varepsilon), \qquad
        b \sim \mathrm{Bernoulli}(\gamma), \quad \varepsilon \sim \mathcal{N}(0, 1)

    Densities are taken with respect to Lebesgue measure plus a unit mass at 0, which tells an exact 0 from a small
    value:

    .. math::
        \log p(z) = \begin{cases}
            \log(1 - \gamma) & z = 0 \\
            \log \gamma + \log \mathcal{N}(z; \mu, \sigma^2) & z \ne 0
        \end{cases}

    The gate is not reparameterised; :class:`RelaxedSpikeAndSlab` is.

    Args:
        gate: probability of the slab, in ``[0, 1]``.
        loc: mean of the slab.
        scale: standard deviation of the slab, positive.
        validate_args: whether to check parameters and values; Pyro's setting if ``None``.

    Shapes:
        The parameters broadcast to ``batch_shape``; ``event_shape`` is ``()``.

    Raises:
        ValueError: if validation is on and a parameter leaves its range.

    References:
        Tonolini, Jensen, Murray-Smith, "Variational Sparse Coding" (UAI 2019), recognition function of section 3.

    Example:
        >>> z = SpikeAndSlab(torch.tensor([0.0, 1.0]), 5.0, 0.1).sample()
        >>> z == 0
        tensor([ True, False])
    """

    arg_constraints: ClassVar[dict] = {
        "gate": constraints.unit_interval,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real  # pyright: ignore[reportAssignmentType]
    has_rsample = False

    gate: Tensor
    loc: Tensor
    scale: Tensor

    def __init__(
        self, gate: Tensor | float, loc: Tensor | float, scale: Tensor | float, *, validate_args: bool | None = None
    ) -> None:
        self.gate, self.loc, self.scale = broadcast_all(gate, loc, scale)
        super().__init__(self.gate.shape, validate_args=validate_args)

    def expand(self, batch_shape, _instance=None) -> "SpikeAndSlab":
        """The same distribution over a larger ``batch_shape``; no memory is copied."""
        new = cast(SpikeAndSlab, self._get_checked_instance(SpikeAndSlab, _instance))
        new.gate, new.loc, new.scale = (p.expand(batch_shape) for p in (self.gate, self.loc, self.scale))
        super(SpikeAndSlab, new).__init__(torch.Size(batch_shape), validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def slab(self) -> Normal:
        """The distribution of ``z`` given that the gate is on."""
        return Normal(self.loc, self.scale, validate_args=False)

    @property
    def mean(self) -> Tensor:
        """``gate * loc``, of ``batch_shape``."""
        return self.gate * self.loc

    @property
    def variance(self) -> Tensor:
        """``gate * scale**2 + gate * (1 - gate) * loc**2``, of ``batch_shape``."""
        return self.gate * self.scale**2 + self.gate * (1 - self.gate) * self.loc**2

    def _noise(self, sample_shape: torch.Size) -> tuple[Tensor, Tensor]:
        # One order of draws, uniform then Normal, for hard and relaxed alike: under one seed they are the same draw.
        shape = self._extended_shape(sample_shape)
        like = {"dtype": self.loc.dtype, "device": self.loc.device}
        return torch.rand(shape, **like), torch.randn(shape, **like)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Hard draws ``sample_shape + batch_shape``, exactly 0 where the gate is off; they carry no gradient."""
        with torch.no_grad():
            eta, eps = self._noise(torch.Size(sample_shape))
            return torch.where(eta >= 1 - self.gate, self.loc + self.scale * eps, 0.0)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density on the mixed measure, in nats, of the broadcast shape of ``value`` and ``batch_shape``."""
        if self._validate_args:
            self._validate_sample(value)
        on = value != 0
        chosen = torch.where(on, self.gate, 1 - self.gate)
        # An atom's residual is 0 by construction: one left infinite in the branch not taken would make gradients NaN.
        residual = (value - torch.where(on, self.loc, value)) / self.scale
        slab = -0.5 * residual**2 - self.scale.log() - 0.5 * math.log(2 * math.pi)
        return chosen.log() + torch.where(on, slab, 0.0)
