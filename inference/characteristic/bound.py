"""The bound of CCVAE: labels summed out where unknown, and the posterior tilted by them where known."""

from typing import Any, Literal, cast

import torch
from pyro import poutine
from pyro.distributions import Unit
from torch import Tensor, nn

from ...distributions import Labels, at_site, elements, tilted_normal
from ...networks import DiagonalLinear
from ...schedules import Schedule
from ..objective import (
    ELBO,
    Site,
    Terms,
    all_known,
    analytic_kl,
    log_prob,
    n_data,
    per_row,
    random_sites,
    require_same_sites,
    sanitise,
)
from .in_place import InPlaceOfDraws, pure_values
from .marginal import log_marginal
from .reading import KnownLabels, LabelTerms, known_labels, of_labels, read_labels
from .weighing import Weighed, summed_out, weigh, weigh_all

__all__ = ["CharacteristicBound", "Gradients"]

Gradients = Literal["exact", "tilted", "official", "detached"]
MODES = ("exact", "tilted", "official", "detached")


class CharacteristicBound(ELBO):
    r"""Evidence bound of characteristic latents for rows of which all, some or no labels are known.

    The posterior of a row is its ordinary one, tilted by its known labels K; the labels that are not known are summed
    out, two terms each:

    .. math::
        r(z) = q(z \mid x) \prod_{i \in K} w_i, \qquad w_i = \frac{q(y_i \mid c_i)}{q(y_i \mid x)}, \qquad
        q(y_i \mid x) = E_{q(c_i | x)}\, q(y_i \mid c_i)

    .. math::
        \mathcal{L} = E_r\Big[ \log p(x \mid z) + \sum_{i \in K} \log \frac{p(c_i \mid y_i)\, p(y_i)}{w_i\, q(c_i | x)}
        + \sum_{i \notin K} \sum_v q(v \mid c_i) \log \frac{p(c_i \mid v)\, p(v)}{q(v \mid c_i)\, q(c_i | x)} \Big]
        - \mathrm{KL}(q(z_s | x) \| p(z_s))

    With all labels known this is the paper's bound on log p(x, y), with none that on log p(x). As E[w] = 1, a term is
    weighed by its own label's w alone, the style (in neither program may it hang on the code) by none, and the
    log-likelihood, weighed by all, may have a baseline taken off: the other rows' mean. q(y | x) is a product of
    integrals over a line, done by quadrature.

    One label of several classes has a block for each, which hangs only on whether the class is its own, as in
    :class:`~pellucid.models.CharacteristicPrior`; its weight does not fall apart, and is one for all blocks.

    Four estimators of one and the same value:

    - **exact**: draws of q(z | x), weighed; the gradient through everything.
    - **tilted**: draws of r itself, differentiated implicitly, so that no weight is left. Of binary labels only.
    - **official**: as the authors' Pyro code: the code is cut out of the gradient of w's numerator, and not of its
      denominator; no baseline, all terms weighed by all labels. The gradient then holds that of log q(y | x), times
      minus the log-likelihood of the whole image: a hidden weight of the classifier.
    - **detached**: w is a constant to the gradient.

    Args:
        classifier: of the code, the guide's own.
        gradients: one of the four.
        draws: None for quadrature of q(y | x); a number for the mean of as many draws, as the paper has it (100),
            whose logarithm is too low on average. The mean of w is then not 1, and the baseline moves the value too.
        site: of the characteristic code, an independent Normal in both programs.
        label: of the labels.
        kl_weight: as in :class:`ELBO`.
        num_particles: as in :class:`ELBO`.

    Raises:
        ValueError: if ``gradients`` is none of the four, or the programs lack the sites.

    References:
        Joy, Schmon, Torr, Siddharth, Rainforth, "Capturing Label Characteristics in VAEs" (ICLR 2021), eqs. 3 to 5.
        Per-label weights, the baseline, the integrals and the tilted draws are ours.

    Example:
        >>> from pellucid import data, zoo
        >>> pair = zoo.ccvae(data.smiley(rows=50, labels=20, validation=10, test=10))
        >>> sorted(pair(torch.rand(8, 1, 32, 32)).kl)
        ['c', 'y', 'z']
    """

    def __init__(
        self,
        classifier: DiagonalLinear,
        gradients: Gradients = "exact",
        draws: int | None = None,
        *,
        site: str = "c",
        label: str = "y",
        kl_weight: float | Schedule = 1.0,
        num_particles: int = 1,
    ):
        super().__init__(kl_weight, num_particles=num_particles)
        if gradients not in MODES:
            raise ValueError(f"gradients: expected one of {', '.join(MODES)}; given {gradients!r}.")
        self.classifier, self.gradients, self.draws, self.site, self.label = classifier, gradients, draws, site, label

    def particle(self, model: nn.Module, guide: nn.Module, args: tuple[Tensor, Labels, Labels]) -> Terms:
        """The terms of one draw from the guide."""
        x, y, labelled = args
        labelled = all_known(self.label, y, labelled)
        given, known = at_site(self.label, y), at_site(self.label, labelled)
        with InPlaceOfDraws({self.label: pure_values}):
            guide_trace = poutine.trace(guide).get_trace(x, y, labelled)
        q = dict(random_sites(guide_trace))
        self.require(q, "guide")
        code = q[self.site]
        given = given if known is None else cast(Tensor, sanitise(given, known))  # a dict of one, a tensor of the other
        labels = known_labels(q[self.label]["value"], x, given, known)
        if given is not None and self.gradients == "tilted":  # after the loss factors have seen the guide's own draw
            code["value"] = self.tilted(code, labels)
        model_trace = poutine.trace(poutine.replay(model, trace=guide_trace)).get_trace(x, y, labelled)
        p, rows = dict(random_sites(model_trace)), n_data(model_trace)
        self.require(p, "model")
        for name, site in [*q.items(), *p.items()]:
            if name != self.label and site is not p[self.site]:
                require_apart(name, site["fn"].batch_shape)
        if self.training and torch.is_grad_enabled():
            require_slopes({name: site for name, site in q.items() if name != self.label})
        terms = read_labels(p[self.site], p[self.label], code, self.classified(code["value"], labels), labels)
        if given is None:
            weighed = Weighed(*(each.sum(-1) for each in summed_out(terms)))
        else:
            weighed = self.weighed(terms, code, p[self.site])

        units = {n: s for n, s in q.items() if isinstance(s["fn"], Unit)}
        seen = {n: s for n, s in p.items() if s["is_observed"]}
        require_same_sites(
            {n: s for n, s in p.items() if n not in seen}, {n: s for n, s in q.items() if n not in units}
        )
        likelihood = {n: self.of_image(s, rows, weighed.likelihood) for n, s in seen.items()}
        kl = {self.site: weighed.code, self.label: weighed.label}
        for name in [name for name in q if name not in units and name not in kl]:
            term = per_row(divergence(q[name], p[name]), q[name], rows, 1).reshape(-1)
            kl[name] = term if weighed.style is None else weighed.style * term
        factors = {n: per_row(log_prob(s), s, rows, 1).mean() for n, s in units.items()}
        cost = self.kl_weight * sum(kl.values()) - sum(likelihood.values())
        return Terms(cost.mean() + sum(factors.values()), likelihood, kl, factors)

    def tilted(self, code: Site, labels: KnownLabels) -> Tensor:
        """The code's draw ``[B, C]``, in the blocks of known labels one of the posterior tilted by them."""
        classifier, q = self.classifier, elements(code["fn"])
        if labels.classes:
            raise ValueError(
                "gradients: 'tilted' draws from a posterior that is a product over binary labels; this label is one of "
                f"{len(labels.values)} classes.\nTry one of:\n- gradients='exact'"
            )
        loc, scale = (each.unflatten(-1, classifier.weight.shape) for each in (q.loc, q.scale))
        drawn = tilted_normal(labels.index, loc, scale, classifier.weight, classifier.bias, labels.known)
        own = code["value"].unflatten(-1, classifier.weight.shape)
        return torch.where(labels.known[..., None], drawn, own).flatten(-2)

    def classified(self, code: Tensor, labels: KnownLabels) -> Any:
        """q(y | c), its labels single elements."""
        logits = self.classifier(code)
        if labels.classes:
            return torch.distributions.Categorical(logits=logits, validate_args=False)
        return torch.distributions.Bernoulli(logits=logits, validate_args=False)

    def weighed(self, terms: LabelTerms, code: Site, prior: Site) -> Weighed:
        """The terms of code and labels, and the weights of the others."""
        q, labels = elements(code["fn"]), terms.labels
        marginal = log_marginal(self.classifier, q, labels.index, self.draws, classes=labels.classes)
        log_w = terms.at_label(terms.classified) - marginal
        if self.gradients == "official":
            cut = of_labels(self.classified(code["value"].detach(), labels), labels)
            return weigh_all(terms, marginal, terms.at_label(cut) - marginal)
        if self.gradients == "detached":
            log_w = log_w.detach()
        return weigh(terms, marginal, None if self.gradients == "tilted" else log_w)

    def of_image(self, site: Site, rows: int, weight: Tensor | None) -> Tensor:
        """The weighed log-density of an observed site, ``[B]``."""
        term = per_row(log_prob(site), site, rows, 1)
        if weight is None:
            return term
        if self.gradients == "official":
            return weight * term
        baseline = self.baseline(term.detach())
        return weight * (term - baseline) + baseline

    def baseline(self, density: Tensor) -> Tensor:
        """For each row the mean of the other rows, ``[B]``: independent of the row's own draw, as one must be."""
        return (density.sum() - density) / max(len(density) - 1, 1)

    def require(self, sites: dict[str, Site], program: str) -> None:
        """Raise a ValueError if a program lacks one of the two sites."""
        for name in (self.site, self.label):
            if name not in sites:
                raise ValueError(
                    f"objective: the {program} has no site '{name}'; its sites are {sorted(sites)}.\nTry one of:\n"
                    "- CharacteristicPrior and CharacteristicPosterior\n- site=..., label=... naming them"
                )


def require_apart(name: str, batch: torch.Size) -> None:
    """Raise a ValueError if a site hangs on the label, whose values then stand to the left of its rows."""
    if len(batch) > 1:
        raise ValueError(
            f"site '{name}': its density hangs on the label itself, batch {list(batch)}, where only the code of the "
            "label may.\nTry one of:\n- a prior that returns codes alone, and a guide that never reads the label\n"
            "- ELBO as objective, which sums joint labels out"
        )


def require_slopes(latent: dict[str, Site]) -> None:
    """Raise a ValueError if a latent site has no reparameterised draw, whose gradient would be missing here."""
    for name, site in latent.items():
        if not (site["fn"].has_rsample or isinstance(site["fn"], Unit)):
            raise ValueError(
                f"site '{name}': {type(elements(site['fn'])).__name__} has no reparameterised draw, and this objective "
                "no score function.\nTry one of:\n- a reparameterised family in the guide, such as "
                "RelaxedSpikeAndSlab\n- ELBO as objective"
            )


def divergence(q: Site, p: Site) -> Tensor:
    """Of a site that no label touches: in closed form where there is one."""
    kl = analytic_kl(q, p)
    return log_prob(q) - log_prob(p) if kl is None else kl
