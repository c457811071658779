"""When a site's Kullback-Leibler term has a closed form, and when that form may be used."""

from collections.abc import Sequence

from pyro.distributions import Delta
from torch import Tensor
from torch.distributions import kl_divergence

from .sites import Site, masked

__all__ = ["analytic_kl", "separable"]


def separable(model: Sequence[str], guide: Sequence[str]) -> set[str]:
    r"""Sites whose expected log ratio is the expectation of their own KL.

    For a site s, :math:`E_q[\log q(s) - \log p(s)] = E_q[KL(q(s) \| p(s))]` needs that no parent of s in the model
    descends from s in the guide: in q(z) q(y | z) against p(y) p(z | y) the KL of z would average over a y that was
    drawn from that very z. Parents come earlier and descendants later, so it is enough that no site before s in the
    model stands after s in the guide.

    Args:
        model: latent sites in the model's order.
        guide: the same sites in the guide's order.

    Example:
        >>> sorted(separable(["y", "z"], ["z", "y"]))
        ['y']
    """
    place = {name: i for i, name in enumerate(guide)}
    return {s for i, s in enumerate(model) if all(place[t] < place[s] for t in model[:i])}


def analytic_kl(q: Site, p: Site) -> Tensor | None:
    """KL(q || p) of a site, ``[enumerated..., plates...]`` in nats; None if the two families have no closed form."""
    if isinstance(getattr(q["fn"], "base_dist", q["fn"]), Delta):
        return None  # Pyro's form drops its log_density, an autoguide's Jacobian; the log ratio has no noise here
    try:
        return masked(kl_divergence(q["fn"], p["fn"]), p)
    except NotImplementedError:
        return None
