"""Joint draws of all that a pair says of some rows, group by group as ArviZ has them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import torch
from pyro import poutine
from pyro.distributions import Unit
from torch import Tensor
from torch.distributions import constraints

from ...data import Batch
from ...distributions import Clamped, elements, known_part
from ..evaluation import evaluating
from ..factor import without_factors
from ..gates import gate_of
from ..importance import log_prob_of_rows
from ..objective import Site, data_frame, random_sites
from ..pair import Pair
from .draw_axes import Axes, rows_first
from .validate import labelled_trace

__all__ = ["Draws", "joint_draws"]

Arrays = dict[str, Tensor]
Groups = dict[str, Arrays]


class Draws(TypedDict):
    """Arrays by group, with the names of their axes: the arguments of :func:`pellucid.diagnostics.to_arviz`.

    Arrays are tensors on the CPU and begin with S draws, then N rows, then the site's own plates and event; a latent
    of the whole data set has no rows, and data have no draws. Densities are in nats.

    Attributes:
        posterior: every latent site of the guide; ``code``, what the decoder takes, where no site is that by itself.
        posterior_predictive: a draw of each observed site, given the latents of the same draw.
        prior: draws of the prior's sites and of ``code``, no image seen; None for a model without
            :meth:`~pellucid.models.LatentModel.code`.
        log_likelihood: log p(x | z), ``[S, N]``. Not for ``arviz.loo``: see :func:`pellucid.diagnostics.to_arviz`.
        sample_stats: ``log_weight``, log p(x, z) - log q(z | x); its terms, ``log_p_x`` less ``log_ratio_SITE``,
            log q - log p, of every latent site; ``probability_SITE``, what the guide gave each value of a discrete
            site before it drew one, whose mean over the draws is q(y | x); ``open_gates_SITE``, how many dimensions of
            a sparse site are on; and every loss factor under its name, ``[S]``, weighted, with the labels it is for.
        observed_data: ``x``.
        constant_data: what the draws have not seen: ``label``, or ``label_SITE`` for labels by the name of their site;
            ``labelled`` alike where some are not known.
        coords: names of rows, dimensions, classes and attributes; ``row_class``, the name of each row's class.
        dims: of each array, the names of its axes after the draws. ``dimension`` is the axis of the code.

    Example:
        >>> from pellucid import data, zoo
        >>> faces = data.smiley(rows=50, labels=20, validation=10, test=10)
        >>> drawn = joint_draws(zoo.ccvae(faces), Batch(torch.rand(3, *faces.shape)), draws=2)
        >>> for site in drawn["posterior"]:
        ...     print(site, drawn["dims"][site])
        c ['row', 'c_dimension']
        y ['row', 'y_dimension']
        z ['row', 'z_dimension']
        code ['row', 'dimension']
    """

    posterior: Arrays
    posterior_predictive: Arrays
    prior: Arrays | None
    log_likelihood: Arrays
    sample_stats: Arrays
    observed_data: Arrays
    constant_data: Arrays
    coords: dict[str, Any]
    dims: dict[str, list[str]]


def joint_draws(pair: Pair, batch: Batch, draws: int = 50, classes: Sequence[str] = ()) -> Draws:
    r"""Draws of :math:`z \sim q(z | x)` and what hangs on them: gates hard, labels withheld and drawn like any latent.

    Args:
        pair: looked at in evaluation mode.
        batch: N rows; their labels reach the loss factors, ``constant_data`` and names, nothing else.
        draws: S, for every row.
        classes: names of the classes, or of the attributes, of the labels.

    Raises:
        ValueError: fewer than one draw.

    Example:
        >>> from pellucid import data, zoo
        >>> digits = data.digits(labels=100)
        >>> batch = Batch(torch.rand(3, 1, 8, 8), torch.tensor([7, 0, 1]))
        >>> drawn = joint_draws(zoo.m2(digits, dim=4), batch, draws=5, classes=digits.classes)
        >>> drawn["posterior"]["y"].shape, drawn["dims"]["probability_y"]
        (torch.Size([5, 3]), ['row', 'class'])
    """
    if draws < 1:
        raise ValueError(f"draws: expected at least 1; got {draws}.\nTry one of:\n- draws=50")
    batch = batch.to(pair.device)
    with evaluating(pair):
        told = {name for name, fn in labelled_trace(pair, batch)[1].items() if isinstance(known_part(fn), Clamped)}
        parts = []
        for _ in range(draws):
            part, sites = one_draw(pair, batch)
            parts.append({group: {name: value.cpu() for name, value in each.items()} for group, each in part.items()})
    given = {name: s for name, s in sites.items() if s["is_observed"] and data_frame(s)}
    seen = {name: rows_first(s["value"].expand(s["fn"].shape()), s).cpu() for name, s in given.items()}
    groups = stacked(parts) | {"observed_data": seen, "constant_data": labels_of(batch)}
    site = decoded_site(groups["posterior"])
    for group in ("posterior", "prior") if site else ():
        groups[group].pop("code")
    names = Axes(sites, told, classes).named(groups, site, batch)
    return Draws(
        posterior=groups["posterior"],
        posterior_predictive=groups["posterior_predictive"],
        prior=groups.get("prior"),
        log_likelihood=groups["log_likelihood"],
        sample_stats=groups["sample_stats"],
        observed_data=groups["observed_data"],
        constant_data=groups["constant_data"],
        **names,
    )


def one_draw(pair: Pair, batch: Batch) -> tuple[Groups, Mapping[str, Site]]:
    """One draw of every group, and the sites that it is of, those of the guide in place of the model's."""
    x, found = batch.x, defaultdict[str, Arrays](dict)
    guide = poutine.trace(without_factors(pair.guide)).get_trace(x)
    model = poutine.trace(poutine.replay(pair.model, trace=guide)).get_trace(x)
    q, p = ({name: s for name, s in random_sites(t) if not isinstance(s["fn"], Unit)} for t in (guide, model))
    stats = found["sample_stats"]
    stats |= labelled_trace(pair, batch)[0] if pair.factors else {}
    weight = [log_prob_of_rows(s) for _, s in random_sites(model) if data_frame(s)]
    stats["log_weight"] = sum(weight, x.new_zeros(len(x)))

    for name, site in p.items():
        if site["is_observed"] and data_frame(site):
            found["posterior_predictive"][name] = rows_first(site["fn"].sample(), site)
            found["log_likelihood"][name] = stats[f"log_p_{name}"] = log_prob_of_rows(site)
    for name, site in q.items():
        log_q = log_prob_of_rows(site)
        found["posterior"][name] = rows_first(site["value"], site)
        stats[f"log_ratio_{name}"] = log_q - log_prob_of_rows(p[name]) if name in p else log_q
        if data_frame(site):
            stats["log_weight"] = stats["log_weight"] - log_q
        if (chance := probabilities(site["fn"])) is not None:
            stats[f"probability_{name}"] = rows_first(chance, site)
        if gate_of(site["fn"]) is not None and data_frame(site):
            stats[f"open_gates_{name}"] = (found["posterior"][name] != 0).flatten(1).sum(1)

    if hasattr(pair.model, "code"):
        with poutine.block(), poutine.replay(trace=model), pair.model.code(x) as code:
            found["posterior"].setdefault("code", code)
        with poutine.trace() as alone, pair.model.code(rows=len(x)) as code:
            found["prior"]["code"] = code
        drawn = {name: site for name, site in random_sites(alone.trace) if not site["is_observed"]}
        found["prior"] |= {name: rows_first(site["value"], site) for name, site in drawn.items()}
    return found, p | q


def probabilities(fn: Any) -> Tensor | None:
    """Of a discrete site's values, ``[..., V]``; of a binary one's, of being 1, ``[...]``; None for another site."""
    q = elements(fn)
    if not q.has_enumerate_support or q.event_shape:
        return None
    chance = q.log_prob(q.enumerate_support(expand=False)).exp().movedim(0, -1)
    return chance[..., 1] if q.support is constraints.boolean else chance


def labels_of(batch: Batch) -> Arrays:
    """Labels, and which of them are known."""
    found: Arrays = {}
    for name, labels in (("label", batch.y), ("labelled", batch.labelled)):
        if isinstance(labels, dict):
            found |= {f"{name}_{site}": value.cpu() for site, value in labels.items()}
        elif labels is not None:
            found[name] = labels.cpu()
    return found


def stacked(parts: list[Groups]) -> Groups:
    """The draws of each array in one."""
    return {
        group: {name: torch.stack([part[group][name] for part in parts]) for name in arrays}
        for group, arrays in parts[0].items()
    }


def decoded_site(posterior: Arrays) -> str | None:
    """The site that the decoder takes as it is; None where the code is made from sites."""
    code = posterior.get("code")
    alike = [
        name
        for name, value in posterior.items()
        if name != "code" and code is not None and value.dtype == code.dtype and torch.equal(value, code)
    ]
    return next(iter(alike), None)
