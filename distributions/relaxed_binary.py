"""A binary variable that may be drawn softly, so that draws carry gradients to its probability."""

from collections.abc import Sequence
from typing import cast

import pyro.distributions as dist
import torch
from torch import Tensor
from torch.distributions import constraints, register_kl
from torch.distributions.utils import clamp_probs
from torch.nn.functional import logsigmoid

__all__ = ["RelaxedBinary", "kl_relaxed_binary"]


class RelaxedBinary(dist.Bernoulli):
    r"""A Bernoulli variable whose draws lie between 0 and 1, so that they can be differentiated.

    .. math:: v = S\Big(\frac{l + \log u - \log(1 - u)}{T}\Big), \qquad u \sim \mathcal{U}(0, 1), \quad
        \log q(v) = v \log S(l) + (1 - v) \log S(-l)

    with :math:`S` the logistic function. A draw exceeds 1/2 with probability exactly :math:`S(l)`, and the colder the
    harder. For sums over more joint values than can be listed: the draw feeds a network, and nothing else.

    **The divergence is that of the binary variable**, exact; and so is ``log_prob``, which interpolates between the two
    values and is no density of the soft draw. A bound under soft draws is therefore not one on the evidence; hard
    draws, with ``temperature=None``, make it one.

    Args:
        logits: l, ``[...]``.
        temperature: T, positive; None draws 0 and 1, without a gradient. A 0-d tensor may be a scheduled buffer.
        validate_args: whether to check values; Pyro's setting if None.

    Shapes:
        ``batch_shape`` is that of ``logits``; ``event_shape`` is ``()``.

    References:
        Maddison, Mnih, Teh, "The Concrete Distribution" (ICLR 2017), section 3.3 and appendix B: the draw.

    Example:
        >>> logits = torch.zeros(100, requires_grad=True)
        >>> RelaxedBinary(logits, 0.5).rsample().sum().backward()
        >>> bool((logits.grad > 0).all())
        True
        >>> RelaxedBinary(torch.zeros(2), 0.5).log_prob(torch.tensor([0.0, 1.0])).exp()
        tensor([0.5000, 0.5000])
    """

    support = constraints.unit_interval

    def __init__(
        self, logits: Tensor, temperature: Tensor | float | None = None, *, validate_args: bool | None = None
    ) -> None:
        self.temperature = temperature
        super().__init__(logits=logits, validate_args=validate_args)

    def expand(self, batch_shape, _instance=None) -> "RelaxedBinary":
        """The same distribution over a larger ``batch_shape``; no memory is copied."""
        return type(self)(self.logits.expand(batch_shape), self.temperature, validate_args=self._validate_args)

    @property
    def has_rsample(self) -> bool:
        """Whether draws are soft."""
        return self.temperature is not None

    @property
    def has_enumerate_support(self) -> bool:
        """Whether draws are hard: only then are there two values."""
        return self.temperature is None

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Soft draws ``sample_shape + batch_shape``, differentiable in ``logits`` and ``temperature``."""
        logits, temperature = self.logits, cast(Tensor, self.temperature)
        shape = self._extended_shape(torch.Size(sample_shape))
        uniform = clamp_probs(torch.rand(shape, dtype=logits.dtype, device=logits.device))
        return ((logits + uniform.logit()) / temperature).sigmoid()

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws ``sample_shape + batch_shape`` without a gradient: soft, or 0 and 1 without a temperature."""
        with torch.no_grad():
            return self.rsample(sample_shape) if self.has_rsample else super().sample(torch.Size(sample_shape))


@register_kl(RelaxedBinary, dist.Bernoulli)
def kl_relaxed_binary(q: RelaxedBinary, p: dist.Bernoulli) -> Tensor:
    r"""Kullback-Leibler divergence of two binary variables, elementwise, in nats, whatever the temperature of draws.

    .. math:: \mathrm{KL}(q \,\|\, p) = S(l) \log\frac{S(l)}{S(l_p)} + S(-l) \log\frac{S(-l)}{S(-l_p)}

    Registered with :func:`torch.distributions.kl_divergence`. Unlike torch's own of Bernoulli variables it broadcasts.

    Args:
        q: the posterior.
        p: the prior, a :class:`RelaxedBinary` or any Bernoulli.

    Returns:
        Non-negative, of the broadcast batch shape; 0 exactly where the logits are equal.

    Example:
        >>> kl_relaxed_binary(RelaxedBinary(torch.tensor([0.0, 50.0]), 0.5), RelaxedBinary(torch.tensor(0.0))).exp()
        tensor([1., 2.])
    """
    return sum(
        (sign * q.logits).sigmoid() * (logsigmoid(sign * q.logits) - logsigmoid(sign * p.logits)) for sign in (1, -1)
    )  # pyright: ignore[reportReturnType]
