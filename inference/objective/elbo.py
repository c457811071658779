"""The objective: an evidence bound with analytic KLs, summed-out labels and visible loss factors."""

from typing import Any

import pyro.infer
import torch
from pyro import poutine
from pyro.distributions import Unit
from pyro.poutine import Trace
from torch import Tensor, nn

from ...distributions import Labels
from ...schedules import Schedule, scheduled
from .enumeration import Enumeration
from .kl import analytic_kl, separable
from .requirements import require_clamped, require_nesting, require_rows, require_same_sites
from .sanitise import sanitise
from .sites import log_prob, n_data, per_row, random_sites
from .terms import Terms

__all__ = ["ELBO"]


class ELBO(pyro.infer.ELBO, nn.Module):
    r"""Evidence lower bound of a pair, per row of the data, in nats.

    .. math:: \mathcal{L} = E_{q}\Big[\sum_{s\ \text{observed}} \log p(s)\Big]
        - \beta \sum_{s\ \text{latent}} E_q\big[\log q(s) - \log p(s)\big],
        \qquad \text{loss} = -\mathcal{L} / N + \sum_f \text{factor}_f

    A latent site's term is the closed form wherever ``torch.distributions.kl_divergence`` knows the two families and
    no model parent of the site can be its descendant in the guide (the condition of Pyro's ``TraceMeanField_ELBO``,
    which this class checks site by site); elsewhere it is the sampled log ratio. Discrete sites marked
    ``infer={"enumerate": "parallel"}`` in the guide are summed out. A site drawn without reparameterisation gets the
    score-function gradient, with the other rows' mean cost as its baseline.

    The loss is divided by the size N of the plate ``"data"``: it is in nats per row, where stock Pyro sums over the
    data set. ``loss``, ``differentiable_loss`` and ``loss_and_grads`` compute the same number.

    Args:
        kl_weight: beta, the weight of all latent terms; a :class:`~pellucid.schedules.Schedule` warms it up. Reported
            bounds use 1.
        num_particles: draws averaged per evaluation.
        max_plate_nesting: plates nested in the model, the data plate included; enumerated dimensions go to its left.

    References:
        Kingma, Welling (arXiv 1312.6114), eq. 3; Higgins et al. (ICLR 2017) for beta; Ranganath et al. (AISTATS 2014)
        for the score function.

    Example:
        >>> from pellucid import Batch, zoo, data
        >>> digits = data.digits()
        >>> pair = zoo.vae(digits, dim=4)
        >>> loss = ELBO()(pair.model, pair.guide)  # a module, as Pyro's own ELBOs give
        >>> loss(torch.rand(16, 1, 8, 8)).shape
        torch.Size([])
    """

    kl_weight: Tensor

    def __init__(self, kl_weight: float | Schedule = 1.0, *, num_particles: int = 1, max_plate_nesting: int = 1):
        nn.Module.__init__(self)
        pyro.infer.ELBO.__init__(self, num_particles=num_particles, max_plate_nesting=max_plate_nesting)
        self.nesting = max_plate_nesting
        scheduled(self, "kl_weight", kl_weight)

    def loss(self, model: nn.Module, guide: nn.Module, *args: Any, **kwargs: Any) -> float:
        """The loss as a number: nats per row."""
        with torch.no_grad():
            return float(self.differentiable_loss(model, guide, *args, **kwargs))

    def loss_and_grads(self, model: nn.Module, guide: nn.Module, *args: Any, **kwargs: Any) -> float:
        """The loss as a number, its gradients added to the parameters' ``grad``."""
        loss = self.differentiable_loss(model, guide, *args, **kwargs)
        if loss.requires_grad:
            loss.backward()
        return float(loss.detach())

    def differentiable_loss(self, model: nn.Module, guide: nn.Module, *args: Any, **kwargs: Any) -> Tensor:
        """The loss as a 0-d tensor whose gradient is unbiased."""
        return self.terms(model, guide, *args, **kwargs).loss

    def terms(self, model: nn.Module, guide: nn.Module, x: Tensor, y: Labels = None, labelled: Labels = None) -> Terms:
        """The loss with every site's own term per row, averaged over ``num_particles`` draws.

        Args:
            model: generative program, called as ``model(x, y, labelled)``.
            guide: posterior program, called alike.
            x: ``[B, ...]``.
            y: labels; slots where ``labelled`` is False may hold anything, NaN included.
            labelled: boolean mask like ``y``.

        Raises:
            ValueError: if a latent site of one program is missing from the other, or plates exceed
                ``max_plate_nesting``.
        """
        args = (x, sanitise(y, labelled), labelled)
        return Terms.average([self.particle(model, guide, args) for _ in range(self.num_particles)])

    def _get_trace(
        self, model: nn.Module, guide: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Trace, Trace]:
        """Run the guide, its discrete sites enumerated, and the model on the guide's draws."""
        enumerated = poutine.enum(guide, first_available_dim=-1 - self.nesting)
        guide_trace = poutine.trace(enumerated).get_trace(*args, **kwargs)
        return poutine.trace(poutine.replay(model, trace=guide_trace)).get_trace(*args, **kwargs), guide_trace

    def particle(self, model: nn.Module, guide: nn.Module, args: tuple[Tensor, Labels, Labels]) -> Terms:
        """The terms of one draw from the guide."""
        model_trace, guide_trace = self._get_trace(model, guide, args, {})
        rows, nesting = n_data(model_trace), self.nesting
        require_nesting(guide_trace, nesting)
        require_nesting(model_trace, nesting)
        q = {name: site for name, site in random_sites(guide_trace) if not isinstance(site["fn"], Unit)}
        p = {name: site for name, site in random_sites(model_trace) if not site["is_observed"]}
        require_clamped(p, q)
        require_same_sites(p, {name: site for name, site in q.items() if not site["infer"].get("is_auxiliary")})
        enumeration, exact = Enumeration(q, nesting), separable(list(p), [name for name in q if name in p])

        def latent(name: str) -> Tensor:
            if name in exact - enumeration.names and (kl := analytic_kl(q[name], p[name])) is not None:
                return kl
            log_q = log_prob(q[name])
            if name in enumeration.names:  # log 0 has weight 0
                log_q = torch.where(log_q > -torch.inf, log_q, 0.0)
            return log_q - log_prob(p[name]) if name in p else log_q  # an auxiliary site of the guide alone

        likelihood = {
            n: per_row(log_prob(s), s, rows, nesting) for n, s in random_sites(model_trace) if s["is_observed"]
        }
        kl = {n: per_row(latent(n), s, rows, nesting) for n, s in q.items()}
        cost = self.kl_weight * sum(kl.values()) - sum(likelihood.values())
        drawn = {name: site for name, site in q.items() if not (site["fn"].has_rsample or name in enumeration.names)}
        require_rows(drawn)
        scores = [per_row(log_prob(s), s, rows, nesting) for s in drawn.values()]
        units = {n: s for n, s in random_sites(guide_trace) if isinstance(s["fn"], Unit)}
        factors = {n: enumeration.mean(per_row(log_prob(s), s, rows, nesting)).mean() for n, s in units.items()}

        mean = enumeration.mean
        total = mean(cost)
        loss = total.mean() + sum(factors.values())
        if scores:
            score = torch.stack(torch.broadcast_tensors(*scores)).sum(0)
            loss = loss + mean(zero_valued(score, cost.detach(), total.detach())).mean()
        return Terms(loss, {n: mean(t) for n, t in likelihood.items()}, {n: mean(t) for n, t in kl.items()}, factors)


def zero_valued(score: Tensor, cost: Tensor, total: Tensor) -> Tensor:
    """Zero, with the gradient of ``score`` times ``cost`` less a baseline: the other rows' mean ``total``, in nats.

    The baseline is one number a row, whatever the label: one for each label would be weighed by q(y | z), which depends
    on the very draw of z whose score it multiplies, and so would bias the gradient.
    """
    rows = len(total)
    baseline = (total.sum() - total) / (rows - 1) if rows > 1 else 0.0
    return (score - score.detach()) * (cost - baseline)
