"""A distribution of angles whose draws carry gradients, and its divergences."""

import math
from collections.abc import Sequence
from typing import ClassVar, cast

import torch
from pyro.distributions import TorchDistribution
from torch import Tensor
from torch.distributions import VonMises, constraints, register_kl
from torch.distributions.utils import broadcast_all

__all__ = ["WrappedCauchy", "kl_wrapped_cauchy", "kl_wrapped_cauchy_von_mises"]


class WrappedCauchy(TorchDistribution):
    r"""Angles around ``loc``: a Cauchy distribution rolled up on the circle.

    .. math:: q(\theta) = \frac{1}{2\pi} \, \frac{1 - \rho^2}{1 + \rho^2 - 2\rho \cos(\theta - \mu)}, \qquad
        \theta = \mu + 2 \arctan\Big(\frac{1 - \rho}{1 + \rho} \tan\frac{u}{2}\Big), \quad u \sim U(-\pi, \pi)

    The posterior of an angle. A Normal is none: it lives on the line, where a periodic prior has no finite mass, and
    the bound would grow with its scale past every evidence. Draws of a von Mises carry no gradient; these do, and their
    divergence from a von Mises prior is a closed form.

    Args:
        loc: :math:`\mu`, the mean direction, in radians.
        concentration: :math:`\rho` in [0, 1): 0 is uniform; it is the length of the mean of :math:`e^{i\theta}`.
        validate_args: whether to check arguments and values; Pyro's setting if None.

    Shapes:
        ``batch_shape`` is that of the arguments, broadcast; events are scalars. Draws lie in :math:`[-\pi, \pi)`; the
        density takes any real number as an angle.

    References:
        McCullagh, "Möbius transformation and Cauchy parameter estimation" (Annals of Statistics 1996), for the draw.

    Example:
        >>> q = WrappedCauchy(torch.tensor(3.0), 0.9)
        >>> turns = q.sample((1000,))
        >>> bool((turns.abs() <= math.pi).all()), bool((turns - 3).cos().mean() > 0.85)
        (True, True)
    """

    arg_constraints: ClassVar[dict] = {"loc": constraints.real, "concentration": constraints.unit_interval}
    support = constraints.real  # pyright: ignore[reportAssignmentType]
    has_rsample = True

    def __init__(self, loc: Tensor | float, concentration: Tensor | float, *, validate_args: bool | None = None):
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape, _instance=None) -> "WrappedCauchy":
        """The same over a larger ``batch_shape``."""
        new = cast(WrappedCauchy, self._get_checked_instance(WrappedCauchy, _instance))
        batch_shape = torch.Size(batch_shape)
        new.loc, new.concentration = self.loc.expand(batch_shape), self.concentration.expand(batch_shape)
        super(WrappedCauchy, new).__init__(batch_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def mean(self) -> Tensor:
        """The mean direction, in radians."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        r"""The circular variance, :math:`1 - \rho`."""
        return 1 - self.concentration

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws in radians, ``sample_shape + batch_shape``, with gradients."""
        shape = self._extended_shape(torch.Size(sample_shape))
        half = math.pi * (torch.rand(shape, dtype=self.loc.dtype, device=self.loc.device) - 0.5)
        rho = self.concentration
        turn = self.loc + 2 * torch.atan2((1 - rho) * half.sin(), (1 + rho) * half.cos())
        return (turn + math.pi) % (2 * math.pi) - math.pi

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density at an angle, in nats; of ``batch_shape``, broadcast."""
        if self._validate_args:
            self._validate_sample(value)
        rho = self.concentration
        apart = (1 - rho).square() + 4 * rho * ((value - self.loc) / 2).sin().square()
        return torch.log1p(-rho.square()) - apart.log() - math.log(2 * math.pi)

    def entropy(self) -> Tensor:
        r"""In nats: :math:`\log 2\pi(1 - \rho^2)`."""
        return torch.log1p(-self.concentration.square()) + math.log(2 * math.pi)


@register_kl(WrappedCauchy, VonMises)
def kl_wrapped_cauchy_von_mises(q: WrappedCauchy, p: VonMises) -> Tensor:
    r"""Divergence of a wrapped Cauchy from a von Mises, elementwise, in nats.

    .. math:: \mathrm{KL}(q \,\|\, p) = \log I_0(\kappa) - \kappa \rho \cos(\mu - m) - \log(1 - \rho^2)

    since :math:`E_q\, e^{i\theta} = \rho\, e^{i\mu}`. Registered with :func:`torch.distributions.kl_divergence`.

    Args:
        q: the posterior.
        p: the prior, with mean direction m and concentration :math:`\kappa`.

    Example:
        >>> q, p = WrappedCauchy(torch.tensor(0.0), 0.0), VonMises(torch.tensor(1.0), torch.tensor(1e-3))
        >>> kl_wrapped_cauchy_von_mises(q, p).round(decimals=4)
        tensor(0.)
    """
    kappa, rho = p.concentration, q.concentration
    away = kappa * (1 - rho * (q.loc - p.loc).cos())
    return torch.special.i0e(kappa).log() + away - torch.log1p(-rho.square())


@register_kl(WrappedCauchy, WrappedCauchy)
def kl_wrapped_cauchy(q: WrappedCauchy, p: WrappedCauchy) -> Tensor:
    r"""Divergence of two wrapped Cauchys, elementwise, in nats.

    .. math:: \mathrm{KL}(q \,\|\, p) = \log \frac{1 + \rho^2 r^2 - 2 \rho r \cos(\mu - m)}{(1 - \rho^2)(1 - r^2)}

    The density of a wrapped Cauchy is the Poisson kernel of the disc, and :math:`\log |1 - r e^{i(\theta - m)}|^2` is
    harmonic in it: its mean is its value at :math:`\rho\, e^{i\mu}`.

    Args:
        q: the posterior.
        p: the prior, with mean direction m and concentration r.

    Example:
        >>> q = WrappedCauchy(torch.tensor(1.0), 0.5)
        >>> kl_wrapped_cauchy(q, q)
        tensor(0.)
    """
    rho, r = q.concentration, p.concentration
    apart = (1 - rho * r).square() + 4 * rho * r * ((q.loc - p.loc) / 2).sin().square()
    return apart.log() - torch.log1p(-rho.square()) - torch.log1p(-r.square())
