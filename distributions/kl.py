"""Closed-form divergences: between spike-and-slabs, and from a posterior that is certain of its known rows."""

from typing import cast

import torch
from pyro.distributions import Independent
from pyro.distributions.kl import _kl_independent_independent
from torch import Tensor
from torch.distributions import Distribution, kl_divergence, register_kl
from torch.special import entr

from .observed import Clamped, PartlyObserved
from .spike_and_slab import SpikeAndSlab

__all__ = ["kl_clamped", "kl_independent", "kl_spike_and_slab"]


@register_kl(SpikeAndSlab, SpikeAndSlab)
def kl_spike_and_slab(q: SpikeAndSlab, p: SpikeAndSlab) -> Tensor:
    r"""Kullback-Leibler divergence of two spike-and-slabs with hard spikes, elementwise, in nats.

    .. math::
        \mathrm{KL}(q \,\|\, p) = \gamma \Big[ \log\frac{\sigma_p}{\sigma}
            + \frac{\sigma^2 + (\mu - \mu_p)^2}{2 \sigma_p^2} - \frac12 \Big]
            + \gamma \log\frac{\gamma}{\gamma_p} + (1 - \gamma) \log\frac{1 - \gamma}{1 - \gamma_p}

    Registered with :func:`torch.distributions.kl_divergence`. A relaxed spike-and-slab inherits it: the divergence
    stays that of the hard spikes, which is not the expected log ratio of relaxed draws.

    Args:
        q: the posterior. As its gate goes to 0 only :math:`-\log(1 - \gamma_p)` is left, whatever its slab.
        p: the prior, of a batch shape that broadcasts with that of ``q``.

    Returns:
        Non-negative, of the broadcast batch shape. Gradients are finite for gates in ``[1e-6, 1 - 1e-6]``.

    References:
        Tonolini, Jensen, Murray-Smith, "Variational Sparse Coding" (UAI 2019), supplement, eq. 9, with the
        scale of the posterior slab squared, as its derivation has it.

    Example:
        >>> q = SpikeAndSlab(0.0, 3.0, 0.1)
        >>> p = SpikeAndSlab(0.5, 0.0, 1.0)
        >>> kl_spike_and_slab(q, p).exp().round()
        tensor(2.)
    """
    own, distance, gate, odds, off, never, always = parts(q, p)
    impossible = never & (gate > 0) | always & (gate < 1)
    divergence = torch.where(impossible, torch.inf, own + distance - gate * odds - off)
    return divergence.expand(torch.broadcast_shapes(q.batch_shape, p.batch_shape))


@register_kl(Independent, Independent)
def kl_independent(q: Independent, p: Independent) -> Tensor:
    """Kullback-Leibler divergence of two distributions over vectors of independent parts, in nats.

    The sum over the parts, as Pyro has it; of spike-and-slabs, whose spikes may differ from label to label, the
    spikes' cross-entropy with every label is one product of matrices.

    Args:
        q: the posterior.
        p: the prior, of as many event dimensions.

    Returns:
        Of the broadcast batch shape.

    Example:
        >>> gate, zeros, ones = torch.tensor([0.0, 0.0]), torch.zeros(2), torch.ones(2)
        >>> q, p = SpikeAndSlab(gate, zeros, ones).to_event(1), SpikeAndSlab(0 * ones + 0.5, zeros, ones).to_event(1)
        >>> kl_independent(q, p).exp().round()
        tensor(4.)
    """
    a, b = q.base_dist, p.base_dist
    vectors = q.reinterpreted_batch_ndims == p.reinterpreted_batch_ndims == 1
    if not (vectors and isinstance(a, SpikeAndSlab) and isinstance(b, SpikeAndSlab)):
        return cast(Tensor, _kl_independent_independent(q, p))
    if once(b.gate).shape[:-1].numel() == 1:
        return kl_spike_and_slab(a, b).sum(-1)
    whole = torch.broadcast_shapes(a.batch_shape, b.batch_shape)
    own, distance, gate, odds, off, never, always = (x.expand(*x.shape[:-1], whole[-1]) for x in parts(a, b))
    divergence = own.sum(-1) + distance.sum(-1) - product(gate, odds) - off.sum(-1)
    # The probability of what p never does and of what it always does, left undone: a count, and 0 exactly.
    undone = product(gate, never.to(gate) - always.to(gate)) + always.sum(-1)
    return torch.where(undone > 0, torch.inf, divergence).expand(whole[:-1])


def product(a: Tensor, b: Tensor) -> Tensor:
    """Sum over the last dimension, as a product of matrices where the others differ."""
    return torch.einsum("...d,...d->...", a, b)


def parts(q: SpikeAndSlab, p: SpikeAndSlab) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """What a divergence is made of: own + distance - gate * odds - off, and where p is never on and always on.

    Nothing is repeated along dimensions that a parameter was expanded to: below an enumerated label p may differ from
    label to label, and q does not; logarithms are taken before the two meet.
    """
    (gate, loc, scale), (gate_p, loc_p, scale_p) = (map(once, (d.gate, d.loc, d.scale)) for d in (q, p))
    precision = 1 / scale_p
    own = -entr(gate) - entr(1 - gate) - gate * (scale.log() + 0.5)
    distance = 0.5 * gate * ((scale * precision) ** 2 + ((loc - loc_p) * precision) ** 2)
    on, off = log_or_0(gate_p), log_or_0(1 - gate_p)
    return own, distance, gate, on - off - scale_p.log(), off, gate_p == 0, gate_p == 1


def log_or_0(p: Tensor) -> Tensor:
    """The logarithm; 0 of 0, with slope 0."""
    return p.clamp(min=torch.finfo(p.dtype).tiny).log().masked_fill(p == 0, 0.0)


def once(x: Tensor) -> Tensor:
    """A tensor without the repetitions of ``expand``: of size 1 along them."""
    for dim in range(x.dim()):
        if x.stride(dim) == 0:
            x = x.narrow(dim, 0, 1)
    return x


@register_kl(Clamped, Distribution)
def kl_clamped(q: Clamped, p: Distribution) -> Tensor:
    r"""Kullback-Leibler divergence from a posterior that is certain of its known rows, in nats.

    A point mass against a density leaves that row's share of the evidence bound, :math:`-\log p(v)` at the known value;
    the other rows have the divergence of the base distributions.

    Args:
        q: the clamped posterior.
        p: the prior, a :class:`PartlyObserved` or any distribution with a registered divergence from ``q.base``.

    Returns:
        Of the broadcast batch shape.

    Raises:
        NotImplementedError: if the divergence of the base distributions is not registered.

    References:
        Kingma et al., "Semi-supervised learning with deep generative models" (2014), eq. 6: the label
        term of a known row.

    Example:
        >>> from pyro.distributions import Normal
        >>> known = torch.tensor([True, False])
        >>> q = Clamped(Normal(torch.zeros(2), 1.0), torch.zeros(2), known)
        >>> kl_clamped(q, Normal(torch.zeros(2), 1.0))
        tensor([0.9189, 0.0000])
    """
    base = p.base if isinstance(p, PartlyObserved) else p
    return torch.where(q.known, -base.log_prob(q.value), kl_divergence(q.base, base))
