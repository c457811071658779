"""Importance weights of a pair: what estimates of the evidence are made from."""

from pyro import poutine
from pyro.distributions import Unit
from torch import Tensor

from .evaluation import evaluating
from .objective import Site, data_frame, log_prob, random_sites
from .pair import Pair

__all__ = ["log_prob_of_rows", "log_weight"]


def log_weight(pair: Pair, x: Tensor) -> Tensor:
    r"""One draw of log p(x, z) - log q(z | x) for each row, gates hard, labels drawn like any latent, factors left out.

    .. math:: \log p(x) = \log E_q[\exp(\text{log weight})] \ge E_q[\text{log weight}]

    Args:
        pair: looked at in evaluation mode.
        x: ``[B, ...]``.

    Returns:
        ``[B]``, in nats.

    Example:
        >>> from pellucid import data, zoo
        >>> log_weight(zoo.vae(data.digits(), dim=4), torch.rand(3, 1, 8, 8)).shape
        torch.Size([3])
    """
    with evaluating(pair):
        guide = poutine.trace(pair.guide).get_trace(x)
        model = poutine.trace(poutine.replay(pair.model, trace=guide)).get_trace(x)
        p = [log_prob_of_rows(s) for _, s in random_sites(model) if data_frame(s)]
        q = [log_prob_of_rows(s) for _, s in random_sites(guide) if data_frame(s) and not isinstance(s["fn"], Unit)]
    return sum(p, x.new_zeros(len(x))) - sum(q, x.new_zeros(len(x)))


def log_prob_of_rows(site: Site) -> Tensor:
    """Log-density of a site's value, plates inside a row summed: ``[B]``; 0-d for a site of the whole data set."""
    term, frame = log_prob(site), data_frame(site)
    return term.sum() if frame is None else term.movedim(frame.dim, 0).reshape(frame.size, -1).sum(1)
