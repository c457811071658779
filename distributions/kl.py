"""Closed-form divergences: between spike-and-slabs, and from a posterior that is certain of its known rows."""

import torch
from torch import Tensor
from torch.distributions import Distribution, kl_divergence, register_kl
from torch.special import entr

from .observed import Clamped, PartlyObserved
from .spike_and_slab import SpikeAndSlab

__all__ = ["kl_clamped", "kl_spike_and_slab"]


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
    # Below an enumerated label p differs from label to label in its gates, and q not at all.
    (gate, loc, scale), (gate_p, loc_p, scale_p) = (map(once, (d.gate, d.loc, d.scale)) for d in (q, p))
    ratio = (scale / scale_p) ** 2
    slab = 0.5 * (ratio + ((loc - loc_p) / scale_p) ** 2 - 1 - ratio.log())
    own = gate * slab - entr(gate) - entr(1 - gate)
    tiny = torch.finfo(gate_p.dtype).tiny
    cross = gate * gate_p.clamp(min=tiny).log() + (1 - gate) * (1 - gate_p).clamp(min=tiny).log()
    impossible = ((gate_p == 0) & (gate > 0)) | ((gate_p == 1) & (gate < 1))
    divergence = torch.where(impossible, torch.inf, own - cross)
    return divergence.expand(torch.broadcast_shapes(q.batch_shape, p.batch_shape))


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
