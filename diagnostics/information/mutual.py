"""The mutual information of a row and each dimension of its code."""

from typing import Literal

import numpy as np
from torch.distributions import Distribution

from ..arrays import Array
from .aggregate import NORMALS
from .components import Components, Posterior, batches
from .dense import dense_information
from .gaussian import gaussian_information
from .result import Information
from .sums import InformationSum

__all__ = ["Method", "mutual_information"]

Method = Literal["exact", "dense", "gaussian", "matched"]


def mutual_information(posterior: Posterior, scale: Array | None = None, *, method: Method = "exact") -> Information:
    r"""How much each latent dimension tells about which row it codes, in nats.

    .. math::
        I(x; z_j) = \frac1N \sum_n \mathrm{KL}\big(q(z_j | x_n) \,\|\, \bar q(z_j)\big)
        = H\big(\bar q(z_j)\big) - \frac1N \sum_n H\big(q(z_j | x_n)\big), \qquad
        \bar q(z_j) = \frac1N \sum_n q(z_j | x_n)

    for rows x drawn evenly from the N given. It lies between 0 and log N, and does not change when a dimension is
    shifted or scaled. The atom of a spike-and-slab counts as such.

    Args:
        posterior: q(z | x), one of

            - a distribution with batch ``[N]`` and event ``[D]``, or batch ``[N, D]``: Normal,
              :class:`~pellucid.distributions.SpikeAndSlab`, or ``MixtureSameFamily`` of Normals; a relaxed
              spike-and-slab counts as its hard form;
            - an array of locations ``[N, D]``, with their ``scale``;
            - an iterable of such batches, or of pairs ``(loc, scale)``: read once, in fixed memory.
        scale: standard deviations ``[N, D]``, beside an array of locations.
        method:
            - "exact": by quadrature of the aggregate, to some 1e-11 nats, in time linear in N and D (and, for mixtures,
              quadratic in their components);
            - "dense": by quadrature on one uniform grid, in time proportional to N and the grid: a check of
              the first;
            - "gaussian": the source's estimator, in which the aggregate is a zero-mean Normal: an upper bound;
            - "matched": the same with the aggregate's own mean: a lower upper bound.

    Returns:
        Values and standard errors ``[D]``. Those of "exact" and "dense" are over at most 4096 and all of the rows.

    Raises:
        ValueError: for another family (:func:`information_bounds` takes any); parameters that are not finite, scales
            that are not positive; no rows.

    References:
        Liu et al., Discovering Influential Factors in Variational Autoencoder (arXiv 1809.01804), definition 2, and
        algorithm 1 for "gaussian". The quadrature is ours.

    Example:
        >>> import torch
        >>> loc = torch.tensor([[-9.0, 1.0], [9.0, 1.0]])
        >>> mutual_information(loc, torch.ones(2, 2)).value.round(3)
        array([0.693, 0.   ])
        >>> mutual_information(loc, torch.ones(2, 2), method="gaussian").value.round(3)
        array([2.203, 0.347])
    """
    if method in ("gaussian", "matched"):
        return gaussian_information(batches(posterior, scale), centred=method == "matched")
    if method == "dense":
        first, *rest = batches(posterior, scale)
        return dense_information(sum(rest, first))
    if method != "exact":
        raise ValueError(
            f"method: expected 'exact', 'dense', 'gaussian' or 'matched'; given {method!r}.\n"
            "Try one of:\n- information_bounds(posterior) for bounds from draws"
        )
    streamed = not (isinstance(posterior, Distribution) or hasattr(posterior, "shape"))
    if streamed:
        sums = InformationSum()
        sums.add(posterior, scale)
        return sums.information()
    (q,) = batches(posterior, scale)
    together = max(1, NORMALS // (len(q) * q.loc.shape[2]))
    parts = [some(q[:, first : first + together]) for first in range(0, q.dimensions, together)]
    value, error = (np.concatenate([getattr(part, name) for part in parts]) for name in ("value", "standard_error"))
    return Information(value, error, len(q), method)


def some(q: Components) -> Information:
    """The information of some dimensions, whose boxes are then forgotten."""
    sums = InformationSum()
    sums.take(q)
    return sums.information()
