"""Bounds on the information of each dimension from draws, for posteriors of any family."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily, Normal

from ..arrays import Array
from .components import batches, marginal

__all__ = ["InformationBounds", "information_bounds", "taken"]

TILE = 2**21  # densities held at once
BATCHES = 8  # from which on errors are taken from their spread


@dataclass(frozen=True)
class InformationBounds:
    """Bounds on I(x; z_j) of D dimensions, in nats; true in the mean over draws.

    Attributes:
        lower: ``[D]``, InfoNCE; at most the logarithm of the batch.
        upper: ``[D]``, leave-one-out.
        lower_error: ``[D]``, its standard error, from the spread between batches, or from the spread between rows if
            there are fewer than eight batches.
        upper_error: ``[D]``, alike.
        batch: rows whose densities are compared, the fewest of a batch.
    """

    lower: np.ndarray
    upper: np.ndarray
    lower_error: np.ndarray
    upper_error: np.ndarray
    batch: int


@torch.no_grad()
def information_bounds(
    posterior: Distribution | Array, scale: Array | None = None, *, batch: int = 1024, seed: int = 0
) -> InformationBounds:
    r"""Lower and upper bound on I(x; z_j) by one draw of every row, compared within random batches of B rows.

    .. math::
        \log \frac{q(z | x_n)}{\frac1B \sum_m q(z | x_m)} \quad \text{(InfoNCE)}, \qquad
        \log \frac{q(z | x_n)}{\frac1{B-1} \sum_{m \ne n} q(z | x_m)} \quad \text{(leave-one-out)}, \qquad
        z \sim q(z | x_n)

    Their means lie below and above the information of rows drawn without end. Minibatch-weighted sampling, the usual
    estimate in the literature on disentanglement, is the first plus log N: it is no information, and not reported.

    Args:
        posterior: any distribution with ``sample`` and ``log_prob``, batch ``[N, D]``, or batch ``[N]`` and event
            ``[D]`` of independent dimensions; or locations ``[N, D]`` of Normals with their ``scale``.
        scale: beside locations.
        batch: B, or a few more, so that no rows are left over; time is in proportion to N B D.
        seed: of the draws and of the batches.

    Raises:
        ValueError: fewer than two rows, or a batch below two; a distribution whose dimensions cannot be told apart.

    References:
        Poole et al., On Variational Bounds of Mutual Information (ICML 2019), eqs. 10 and 13.

    Example:
        >>> found = information_bounds(torch.tensor([[-9.0], [9.0]]).repeat(500, 1), torch.ones(1000, 1))
        >>> found.lower.round(2), found.upper.round(2)
        (array([0.69]), array([0.69]))
    """
    if isinstance(posterior, Distribution):
        q: Any = marginal(posterior)
        if isinstance(q, MixtureSameFamily):  # over whole vectors: each dimension has a mixture of its own
            (parts,) = batches(posterior)
            q = MixtureSameFamily(Categorical(parts.weight), Normal(parts.loc, parts.scale))
    elif not hasattr(posterior, "shape"):
        raise ValueError(
            f"posterior: expected one distribution, or an array of locations with scale=; given "
            f"{type(posterior).__name__}.\nTry one of:\n- a list of batches joined to one, or bounds of one batch"
        )
    else:
        (parts,) = batches(posterior, scale)
        q = Normal(parts.loc[..., 0], parts.scale[..., 0])
    if q.event_shape:
        raise ValueError(
            f"posterior: expected dimensions that are independent of each other in a row; given {type(q).__name__} of "
            f"event {list(q.event_shape)}.\nTry one of:\n- mutual_information(posterior), which takes mixtures\n"
            "- a distribution of each dimension's own, with batch [N, D]"
        )
    rows = q.batch_shape[0]
    if min(batch, rows) < 2:
        raise ValueError(
            f"batch: expected at least two rows to compare; given batch={batch} and {rows} rows.\n"
            "Try one of:\n- batch=1024, and more rows"
        )
    device = next(iter(parameters(q).values())).device
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would move other GPUs' generators too
        if device.type == "cuda":
            torch.cuda.default_generators[device.index].manual_seed(seed)
        groups = torch.randperm(rows).tensor_split(max(1, rows // batch))
        gaps = [compare(taken(q, chosen)) for chosen in groups]
    return summary(gaps, len(groups[-1]))


def compare(q: Any) -> Tensor:
    """InfoNCE and leave-one-out terms of each of B rows, ``[2, B, D]``."""
    rows, dimensions = q.batch_shape
    z = q.sample()
    terms = []
    for here in torch.arange(rows, device=z.device).split(max(1, TILE // (rows * dimensions))):
        density = q.log_prob(z[here, None]).double()  # [b, B, D]
        own = (torch.arange(len(here), device=z.device), here)
        mine = density[own]
        whole = density.logsumexp(1) - math.log(rows)
        density[own] = -math.inf
        others = density.logsumexp(1) - math.log(rows - 1)
        terms.append(torch.stack([mine - whole, mine - others]))
    return torch.cat(terms, 1)


def taken(q: Any, rows: Tensor) -> Any:
    """Some rows of a distribution with batch ``[N, D]``, made anew from their parameters."""
    if isinstance(q, MixtureSameFamily):
        return MixtureSameFamily(taken(q.mixture_distribution, rows), taken(q.component_distribution, rows))
    whole = parameters(q)
    try:
        part = type(q)(**{name: value[rows.to(value.device)] for name, value in whole.items()}, validate_args=False)
    except (IndexError, TypeError) as error:
        raise ValueError(
            f"posterior: expected a distribution that can be made from its parameters {list(whole)}, to take some of "
            f"its rows; {type(q).__name__} cannot: {error}.\nTry one of:\n- q.base_dist of a transformed distribution: "
            "information does not change by a one-to-one map"
        ) from error
    return part


def parameters(q: Any) -> dict[str, Tensor]:
    """The constructor's arguments of a distribution."""
    if isinstance(q, MixtureSameFamily):
        return parameters(q.component_distribution)
    found = {name: getattr(q, name) for name in q.arg_constraints if isinstance(getattr(q, name, None), Tensor)}
    if "logits" in found and "probs" in found:
        del found["probs"]
    return found


def summary(gaps: list[Tensor], size: int) -> InformationBounds:
    """Means over the rows, and their errors."""
    terms = torch.cat(gaps, 1)
    mean, rows = terms.mean(1), terms.shape[1]
    if len(gaps) >= BATCHES:
        error = torch.stack([gap.mean(1) for gap in gaps]).std(0) / math.sqrt(len(gaps))
    else:
        error = terms.std(1) / math.sqrt(rows)
    lower, upper, lower_error, upper_error = (each.cpu().numpy() for each in (*mean, *error))
    return InformationBounds(lower, upper, lower_error, upper_error, size)
